import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellId, cellsOf, matchesPattern, selectCells } from '../../src/lab/matrix.ts';
import { labOf, small } from './load.ts';

const lab = labOf(
  `${small.replace('variants:', 'variants:\n  calm: { expect: { verdict: clean } }')}matrix:
  kernel: ['6.12', '6.1']
  cpus: [2, 4]
  iommu: [intel]
  exclude: [{ kernel: '6.1', cpus: 4 }]
`,
);

const ids = (selection: Record<string, string[]>) =>
  selectCells(lab, selection).cells.map((cell) => cellId(lab, cell));

test('every axis times every variant, minus what is excluded', () => {
  expect(cellsOf(lab).map((cell) => cellId(lab, cell))).toEqual([
    '6.12+cpus-2+calm',
    '6.12+cpus-2+hang',
    '6.12+cpus-4+calm',
    '6.12+cpus-4+hang',
    '6.1+cpus-2+calm',
    '6.1+cpus-2+hang',
  ]);
});

describe('selection', () => {
  test('by default the first value of each axis, and all variants', () => {
    expect(ids({})).toEqual(['6.12+cpus-2+calm', '6.12+cpus-2+hang']);
  });
  test('names, patterns, all', () => {
    expect(ids({ variant: ['h*'], kernel: ['all'] })).toEqual(['6.12+cpus-2+hang', '6.1+cpus-2+hang']);
    expect(ids({ variant: ['hang', 'calm'], cpus: ['4'] })).toEqual(['6.12+cpus-4+calm', '6.12+cpus-4+hang']);
  });
  test('a choice of what is excluded leaves nothing, which is no error', () => {
    expect(selectCells(lab, { kernel: ['6.1'], cpus: ['4'] })).toEqual({ cells: [], problems: [] });
  });
  test('what the lab does not have, all of it, with what was meant', () => {
    expect(
      selectCells(lab, { kernal: ['6.1'], variant: ['hnag'], cpus: ['3'] }).problems,
    ).toMatchInlineSnapshot(`
      [
        "no axis "kernal" (did you mean "kernel"?); this lab has kernel, cpus, iommu, variant",
        "no cpus "3" (did you mean "2"?); this lab has 2, 4",
        "no variant "hnag" (did you mean "hang"?); this lab has calm, hang",
      ]
    `);
  });
  test('a kernel of the user replaces the axis', () => {
    expect(selectCells(lab, { variant: ['hang'] }, true).cells.map((cell) => cellId(lab, cell))).toEqual([
      'custom+cpus-2+hang',
    ]);
  });
});

describe('patterns', () => {
  test.each([
    ['hang', 'hang', true],
    ['hang', 'h*', true],
    ['hang', '*n?', true],
    ['hang', 'han', false],
    ['hang', '*x*', false],
    ['hang', 'all', true],
    ['a.c', 'a?c', true],
    ['abc', 'a.c', false],
    ['', '*', true],
  ])('%s, %s: %s', (value, pattern, matches) => expect(matchesPattern(value, pattern)).toBe(matches));
  test('agree with a regular expression', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (value, pattern) => {
        const source = [...pattern]
          .map((c) => (c === '*' ? '.*' : c === '?' ? '.' : RegExp.escape(c)))
          .join('');
        expect(matchesPattern(value, pattern)).toBe(new RegExp(`^${source}$`, 's').test(value));
      }),
    );
  });
  test('a hostile pattern costs little', { timeout: 60_000 }, () => {
    const started = performance.now();
    expect(matchesPattern('a'.repeat(2000), `${'*a'.repeat(500)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
