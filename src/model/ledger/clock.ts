/**
 * From QEMU's clock to the guest's trace clock. Both run at their own rate, steadily: between two marks the offset is
 * interpolated, and so is its bound.
 */
import type { Interval } from './types.ts';

/** At QEMU's time `device` the guest's clock stood between `low` and `high`. */
export interface ClockMark {
  device: number;
  low: number;
  high: number;
}

/** Both clocks print microseconds. */
const grain = 2e-6;
/** How much the rates may wander between marks: seconds a second. NTP slews by 500 ppm at most. */
const wander = 5e-4;

export class LedgerClock {
  /** Of the whole ledger: from the first mark to the last, by QEMU's clock. */
  readonly begin: number;
  readonly end: number;
  readonly #marks: readonly ClockMark[];

  /** @param marks at least one. Of marks at nearly one time the narrowest counts. */
  constructor(marks: readonly ClockMark[]) {
    const sorted = marks.toSorted((a, b) => a.device - b.device);
    this.begin = sorted[0]!.device;
    this.end = sorted.at(-1)!.device;
    this.#marks = narrowest(sorted);
  }

  /** Widest half of an offset's bound at a mark, seconds. */
  get error(): number {
    return Math.max(...this.#marks.map((mark) => (mark.high - mark.low) / 2)) + grain;
  }

  toGuest(time: number): Interval & { soonest: number } {
    const marks = this.#marks;
    let right = marks.findIndex((mark) => mark.device >= time);
    if (right < 0) right = marks.length - 1;
    const left = Math.max(0, right - 1);
    const a = marks[left]!;
    const b = marks[right]!;
    const span = b.device - a.device;
    const part = span > 0 ? Math.min(1, Math.max(0, (time - a.device) / span)) : 0;
    const between = (from: number, to: number) => from + (to - from) * part;
    const drift = wander * Math.min(Math.abs(time - a.device), Math.abs(time - b.device));
    const soonest = time + between(a.low - a.device, b.low - b.device) - grain;
    const latest = time + between(a.high - a.device, b.high - b.device) + grain;
    return { low: soonest - drift, soonest, high: latest + drift };
  }
}

/** Seconds between marks that are one attempt. */
const oneAttempt = 0.25;

function narrowest(sorted: readonly ClockMark[]): ClockMark[] {
  const kept: ClockMark[] = [];
  for (const mark of sorted) {
    const last = kept.at(-1);
    if (!last || mark.device - last.device > oneAttempt) kept.push(mark);
    else if (mark.high - mark.low < last.high - last.low) kept[kept.length - 1] = mark;
  }
  return kept;
}
