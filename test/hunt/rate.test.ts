/** Against figures that others have printed, and against the definition. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rateBounds, rateText } from '../../src/hunt/rate.ts';

describe('exact bounds', () => {
  // Quantiles of the beta distribution, as scipy.stats.beta.ppf has them.
  test.each([
    [1, 10, 0.002529, 0.445016],
    [5, 10, 0.187086, 0.812914],
    [7, 300, 0.009432, 0.047483],
    [9, 10, 0.554984, 0.997471],
  ])('%i of %i', (hits, runs, lower, upper) => {
    const bounds = rateBounds(hits, runs);
    expect(bounds.lower).toBeCloseTo(lower, 5);
    expect(bounds.upper).toBeCloseTo(upper, 5);
  });

  test('never seen: near the rule of three, and never above it', () => {
    for (const runs of [20, 100, 300, 10_000]) {
      const { lower, upper } = rateBounds(0, runs);
      expect(lower).toBe(0);
      expect(upper).toBeLessThan(3 / runs);
      expect(upper).toBeGreaterThan(2.7 / runs);
    }
  });

  test('always seen is never seen of its opposite', () => {
    expect(rateBounds(300, 300).lower).toBeCloseTo(1 - rateBounds(0, 300).upper, 12);
  });

  test('more runs, or less confidence, and the bounds are narrower; what was seen lies between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(150), (runs, some) => {
        const hits = some % (runs + 1);
        const { seen, lower, upper } = rateBounds(hits, runs);
        const twice = rateBounds(2 * hits, 2 * runs);
        const less = rateBounds(hits, runs, 0.8);
        expect(lower).toBeLessThanOrEqual(seen);
        expect(upper).toBeGreaterThanOrEqual(seen);
        expect(twice.upper - twice.lower).toBeLessThan(upper - lower);
        expect(less.upper - less.lower).toBeLessThan(upper - lower);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    [-1, 3],
    [4, 3],
    [0, 0],
    [0.5, 3],
    [Number.NaN, 3],
  ])('%d of %d is no rate', (hits, runs) => expect(() => rateBounds(hits, runs)).toThrow(RangeError));
});

test('in words', () => {
  expect(rateText(0, 300)).toBe('0 of 300: below 0.99 % at 95 %');
  expect(rateText(7, 300)).toBe('7 of 300: 2.3 %, between 0.94 % and 4.7 % at 95 %');
  expect(rateText(300, 300)).toBe('300 of 300: above 99 % at 95 %');
  expect(rateText(0, 1)).toBe('0 of 1: below 95 % at 95 %');
});
