import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { didYouMean, distance, nearest } from '../../src/lab/nearest.ts';

describe('distance', () => {
  test.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['hang', 'hnag', 1],
    ['fatal', 'fetal', 1],
    ['igb', 'igbvf', 2],
  ])('%s → %s is %i', (a, b, d) => expect(distance(a, b)).toBe(d));
  test('is symmetric, zero only for equals, and at most the longer length', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const d = distance(a, b);
        expect(d).toBe(distance(b, a));
        expect(d === 0).toBe(a === b);
        expect(d).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('nearest', () => {
  test('takes spelling conventions for the same word', () => {
    expect(nearest('nonfatal', ['correctable', 'non-fatal', 'fatal'])).toBe('non-fatal');
    expect(nearest('memory_mib', ['cpus', 'memoryMiB'])).toBe('memoryMiB');
  });
  test('says nothing when nothing is near', () => {
    expect(nearest('colour', ['cpus', 'iommu'])).toBeUndefined();
    expect(didYouMean('x', [])).toBe('');
  });
});
