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

  /** @param marks at least one; those at nearly one time are taken together. */
  constructor(marks: readonly ClockMark[]) {
    const sorted = marks.toSorted((a, b) => a.device - b.device);
    this.begin = sorted[0]!.device;
    this.end = sorted.at(-1)!.device;
    this.#marks = groups(sorted);
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

/** Seconds in which marks make up one. */
const oneGroup = 0.25;

function groups(sorted: readonly ClockMark[]): ClockMark[] {
  const result: ClockMark[][] = [];
  for (const mark of sorted) {
    const group = result.at(-1);
    if (group && mark.device - group[0]!.device <= oneGroup) group.push(mark);
    else result.push([mark]);
  }
  return result.map(together);
}

/**
 * A virtual CPU may be held up before its write to the device or behind it, and seldom is both at each mark: what all of
 * them allow is much narrower than any one of them.
 */
function together(group: readonly ClockMark[]): ClockMark {
  const best = group.reduce((a, b) => (b.high - b.low < a.high - a.low ? b : a));
  const { device } = best;
  const apart = (mark: ClockMark) => mark.device - device;
  const low = Math.max(...group.map((m) => m.low - apart(m) - wander * Math.abs(apart(m))));
  const high = Math.min(...group.map((m) => m.high - apart(m) + wander * Math.abs(apart(m))));
  // Empty: a clock jumped. Then the narrowest is as good as any.
  return low <= high ? { device, low, high } : best;
}
