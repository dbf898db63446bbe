import { describe, expect, test } from 'vitest';
import { compare, type Holding } from '../../../src/model/leak/compare.ts';

const one = (what: string, line: number, count = 1): Holding => ({
  rule: 'LEAK-IRQ',
  what,
  count,
  lines: [line],
});

describe('what is there before and after', () => {
  test('in whatever order, and on whatever lines', () => {
    expect(compare([one('a', 1), one('b', 2)], [one('b', 7), one('a', 9)])).toEqual([]);
  });

  test('several of one name are counted together', () => {
    expect(compare([one('a', 1), one('a', 2)], [one('a', 3, 2)])).toEqual([]);
  });

  test('none of something is the same as no word of it', () => {
    expect(compare([one('a', 1, 0)], [])).toEqual([]);
    expect(compare([], [one('a', 1, 0)])).toEqual([]);
  });
});

test('what is left, more or fewer, and what is lacking', () => {
  const found = compare([one('fewer', 1, 3), one('gone', 2)], [one('left', 5), one('fewer', 6, 2)]);
  expect(found).toEqual([
    { rule: 'LEAK-IRQ', what: 'left', before: 0, after: 1, linesBefore: [], linesAfter: [5] },
    { rule: 'LEAK-IRQ', what: 'fewer', before: 3, after: 2, linesBefore: [1], linesAfter: [6] },
    { rule: 'LEAK-IRQ', what: 'gone', before: 1, after: 0, linesBefore: [2], linesAfter: [] },
  ]);
});
