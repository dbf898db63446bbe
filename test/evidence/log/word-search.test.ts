import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WordSearch } from '../../../src/evidence/log/word-search.ts';

const lineOf = (text: string, at: number) => (at < 0 ? -1 : text.slice(0, at).split('\n').length);

test('finds the first line with a word, as one search for each word does', () => {
  const letters = fc.constantFrom('a', 'b', 'c', '\n', 'é', '\u4e00');
  const text = fc.string({ unit: letters, maxLength: 200 });
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), minLength: 4, maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 12 }),
      text,
      text,
      fc.nat(50),
      (words, haystack, like, from) => {
        // As the scan does: from the beginning of a line.
        const start = haystack.lastIndexOf('\n', Math.min(from, haystack.length) - 1) + 1;
        const places = words.map((one) => haystack.indexOf(one, start)).filter((at) => at >= 0);
        const first = places.length > 0 ? Math.min(...places) : -1;
        const found = new WordSearch(words, like).next(haystack, start);
        expect(lineOf(haystack, found)).toBe(lineOf(haystack, first));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a word at either end of the text', () => {
  const search = new WordSearch(['nobody cared', 'vfio'], 'some text like it');
  expect(search.next('irq 16: nobody cared')).toBeGreaterThan(7);
  expect(search.next('vfio')).toBeGreaterThanOrEqual(0);
  expect(search.next('vfi')).toBe(-1);
  expect(() => new WordSearch(['irq'])).toThrow('shorter');
});
