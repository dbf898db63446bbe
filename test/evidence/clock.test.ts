import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitClock, wallClock } from '../../src/evidence/clock.ts';
import type { Recorded } from '../../src/evidence/harness.ts';

const sample = (stamp: number, low: number, high: number) => ({ stamp, low, high });

describe('the kernel clock', () => {
  test('one marker: the offset is known to half the time that writing it took', () => {
    const clock = fitClock('host', 0, [sample(4, 0.6, 0.64)], Number.POSITIVE_INFINITY);
    expect(clock.error).toBeCloseTo(0.02, 4);
    expect(clock.toHarness(10).t).toBeCloseTo(10.62, 6);
  });

  test('samples are intersected, and serial arrivals bound from above', () => {
    const clock = fitClock('host', 0, [sample(4, 0.6, 0.7), sample(9, 0.62, 0.72)], 0.63);
    expect(clock.drifted).toBe(false);
    expect(clock.error).toBeCloseTo(0.005, 4);
    expect(clock.toHarness(0).t).toBeCloseTo(0.625, 4);
  });

  test('an empty intersection is drift: piecewise, and it says so', () => {
    const clock = fitClock('host', 0, [sample(0, 1, 1.01), sample(100, 1.5, 1.51)], Number.POSITIVE_INFINITY);
    expect(clock.drifted).toBe(true);
    const middle = clock.toHarness(50);
    expect(middle.t - middle.error).toBeLessThanOrEqual(51);
    expect(middle.t + middle.error).toBeGreaterThanOrEqual(51.51);
  });

  test('without a marker nothing is claimed', () => {
    expect(fitClock('host', 0, [], 3).error).toBe(Number.POSITIVE_INFINITY);
  });

  test('the true time of every event lies within the stated error', () => {
    const markers = fc.array(fc.tuple(fc.double({ min: 0, max: 500, noNaN: true }), delay(), delay()), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        markers,
        fc.double({ min: 0, max: 500, noNaN: true }),
        (offset, marks, stamp) => {
          const samples = marks.map(([s, before, after]) => sample(s, offset - before, offset + after));
          const { t, error } = fitClock('g', 0, samples, Number.POSITIVE_INFINITY).toHarness(stamp);
          return Math.abs(t - (stamp + offset)) <= error + 1e-9;
        },
      ),
    );
  });
});

function delay() {
  return fc.double({ min: 0, max: 0.5, noNaN: true });
}

test('wall clock stamps are converted with their bound', () => {
  const event = {
    kind: 'wall-clock',
    machine: 'host',
    unixMs: 1_000_000,
    t0: 5,
    t1: 5.1,
    t: 5.1,
  } as Recorded<'wall-clock'>;
  const convert = wallClock('host', [event])!;
  expect(convert(1_002_000).t).toBeCloseTo(7.05, 6);
  expect(convert(1_002_000).error).toBeCloseTo(0.05, 6);
  expect(wallClock('vm0', [event])).toBeUndefined();
});
