import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogScan, longestLine } from '../../../src/evidence/log/scan.ts';

/** Feeds a text in pieces. */
function scan(
  text: string,
  cuts: readonly number[] = [],
  all = 0,
  more: (line: string) => boolean = () => false,
) {
  const seen: [number, string][] = [];
  const read = (line: string, number: number) => {
    seen.push([number, line]);
    return more(line);
  };
  const log = new LogScan((piece, at) => piece.indexOf('hit', at), read, all);
  let from = 0;
  for (const cut of [...cuts.filter((c) => c < text.length).sort((a, b) => a - b), text.length]) {
    log.push(text.slice(from, cut));
    from = cut;
  }
  log.end();
  return { seen, lines: log.lines, cut: log.cut };
}

test('hands out the lines with a word in them, with their numbers', () => {
  const { seen, lines } = scan('a\nhit one\nb\n\nc hit two hit\nlast hit');
  expect(seen).toEqual([
    [2, 'hit one'],
    [5, 'c hit two hit'],
    [6, 'last hit'],
  ]);
  expect(lines).toBe(6);
});

test('a line that opens a block gets the next one too', () => {
  const { seen } = scan('hit open\nin it\nout\nno\n', [], 0, (line) => /open|in it/.test(line));
  expect(seen.map(([, line]) => line)).toEqual(['hit open', 'in it', 'out']);
});

test('the first lines are all read', () => {
  expect(scan('a\nb\nc\nd\n', [], 2).seen.map(([, line]) => line)).toEqual(['a', 'b']);
});

test('where the pieces are cut makes no difference', () => {
  const line = fc.constantFrom('x', '', 'hit', 'a hit b', 'hithit', 'hi');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(60)), fc.nat(3), (lines, cuts, all) => {
      const text = lines.join('\n');
      expect(scan(text, cuts, all)).toEqual(scan(text, [], all));
    }),
  );
});

describe('lines of any length', () => {
  test('the beginning is looked at, the rest is dropped, what follows has its number', () => {
    const text = `hit${'x'.repeat(5 * longestLine)}hit\nhit after\n`;
    const cuts = Array.from({ length: 50 }, (_, i) => i * 9973);
    const { seen, cut } = scan(text, cuts);
    expect(seen.map(([number, line]) => [number, line.slice(0, 9)])).toEqual([
      [1, 'hitxxxxxx'],
      [2, 'hit after'],
    ]);
    expect(cut).toBe(1);
  });

  test('in one piece as in many', () => {
    const { seen, cut } = scan(`hit${'x'.repeat(2 * longestLine)}\nhit after\n`);
    expect(seen.map(([number, line]) => [number, line.length])).toEqual([
      [1, longestLine],
      [2, 9],
    ]);
    expect(cut).toBe(1);
  });
});
