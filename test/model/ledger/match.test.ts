import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Round } from '../../../src/model/ledger/kernel.ts';
import { type Latch, match } from '../../../src/model/ledger/match.ts';

const latchAt = (t: number, error: number): Latch => ({
  message: { line: 0, time: t, logical: false, vector: 37, level: false, taken: ['fresh'] },
  at: { low: t - error, soonest: t - error, high: t + error },
});
const roundAt = (t: number): Round => ({ line: 0, time: t, end: t, irq: 1, cpu: 0, slot: 37, claimed: true });

/** One vector of a CPU as it works: latch, accept, handler; some acceptances without a handler. */
const course = fc.record({
  /** Microseconds from one step to the next: idle until the latch, until the acceptance, until the handler's line. */
  steps: fc.array(fc.tuple(fc.nat(5000), fc.nat(300), fc.nat(100), fc.boolean(), fc.nat(19)), {
    minLength: 1,
    maxLength: 200,
  }),
  errorUs: fc.nat(60),
});

function play({ steps, errorUs }: { steps: [number, number, number, boolean, number][]; errorUs: number }) {
  const latches: Latch[] = [];
  const rounds: Round[] = [];
  const lost: number[] = [];
  let now = 1;
  let free = 0;
  for (const [idle, wait, enter, early, dice] of steps) {
    // The next latch can be fresh as soon as the last one was accepted, even before its handler's line.
    now = Math.max(now, early ? free - 50e-6 : free) + idle * 1e-6;
    latches.push(latchAt(now, errorUs * 1e-6));
    const accepted = Math.max(now, free) + wait * 1e-6;
    free = accepted + enter * 1e-6;
    if (dice === 0) lost.push(latches.length - 1);
    else rounds.push(roundAt(free));
    now = accepted + 1e-6;
  }
  return { latches, rounds, lost };
}

test('as many are without a round as have none', () => {
  fc.assert(
    fc.property(course, (c) => {
      const { latches, rounds, lost } = play(c as Parameters<typeof play>[0]);
      const found = match(latches, rounds);
      expect(found.without.length - found.unprompted.length).toBe(lost.length);
      expect(found.pairs.length + found.without.length).toBe(latches.length);
      for (const { latch, round } of found.pairs) expect(round.time).toBeGreaterThanOrEqual(latch.at.low);
      if (lost.length === 0) expect([found.without, found.unprompted]).toEqual([[], []]);
    }),
  );
});

test('which one it was, where interrupts lie apart', () => {
  const latches = Array.from({ length: 100 }, (_, i) => latchAt(1 + i * 1e-2, 60e-6));
  const rounds = latches.flatMap(({ at }, i) => (i === 40 || i === 41 ? [] : [roundAt(at.high + 20e-6)]));
  expect(match(latches, rounds)).toMatchObject({ without: [40, 41], unprompted: [] });
});

test('a handler that runs once more: unprompted, and none of the others is moved for it', () => {
  const latches = Array.from({ length: 100 }, (_, i) => latchAt(1 + i * 1e-2, 60e-6));
  const rounds = latches.map(({ at }) => roundAt(at.high + 20e-6));
  const extra = roundAt(1.505);
  const found = match(
    latches,
    [...rounds, extra].sort((a, b) => a.time - b.time),
  );
  expect(found.without).toEqual([]);
  expect(found.unprompted).toHaveLength(1);
});

test('nothing at all', () => {
  expect(match([], [])).toEqual({ pairs: [], without: [], unprompted: [] });
  expect(match([latchAt(1, 0)], []).without).toEqual([0]);
  expect(match([], [roundAt(1)]).unprompted).toHaveLength(1);
});
