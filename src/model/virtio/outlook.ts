/** A prediction in short: which disks are on which rung, and what would change it. */
import type { DiskPrediction, DisksPrediction, Rung } from './types.ts';

/** Neighbouring disks with the same end. */
export interface RungRange {
  /** Indices, both included. */
  first: number;
  last: number;
  rung: Rung | 'failed';
  errno?: number;
  /** What one of them took: the most and the least. */
  slots: [least: number, most: number];
}

export function rungRanges(disks: readonly DiskPrediction[]): RungRange[] {
  const ranges: RungRange[] = [];
  for (const { index, rung, errno, slots } of disks) {
    const last = ranges.at(-1);
    if (last && last.rung === rung && last.errno === errno) {
      last.last = index;
      last.slots = [Math.min(last.slots[0], slots), Math.max(last.slots[1], slots)];
      continue;
    }
    const range: RungRange = { first: index, last: index, rung, slots: [slots, slots] };
    if (errno !== undefined) range.errno = errno;
    ranges.push(range);
  }
  return ranges;
}

export interface Outlook {
  /** Disks that get interrupts. */
  working: number;
  /** Of these, with a vector a queue. */
  best: number;
  firstFailing: number | undefined;
  /** global_avl in the end. */
  left: number;
  /** total_alloc in the end. */
  allocated: number;
}

export function outlookOf({ disks, firstFailing }: DisksPrediction): Outlook {
  const last = disks.at(-1);
  return {
    working: disks.filter(({ rung }) => rung !== 'failed').length,
    best: disks.filter(({ rung }) => rung === 'each').length,
    firstFailing,
    left: last?.available ?? 0,
    allocated: last?.allocated ?? 0,
  };
}
