/** Lines that say what was said before are not parsed again: that must change nothing but the time it takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Casebook } from '../../src/diagnose/casebook.ts';
import { CaseFile } from '../../src/diagnose/read.ts';
import { FactReader, lineKind } from '../../src/evidence/log/facts.ts';
import { Repeats } from '../../src/evidence/log/repeats.ts';
import { LogScan } from '../../src/evidence/log/scan.ts';
import { WordSearch } from '../../src/evidence/log/word-search.ts';
import { interestingWords } from '../../src/evidence/log/words.ts';
import { fixtures } from './ask.ts';

const read = (path: string) => readFileSync(join(fixtures, path), 'latin1').split('\n');
const withoutStamp = (line: string) => line.replace(/^(?:.{0,60}? kernel: )?\[ {0,12}\d+\.\d+\] /, '');
const messages = [
  ...read('recordings/hang-6.12/host.dmesg').slice(-80),
  ...read('cases/boot-interrupts.dmesg'),
  ...read('cases/vectors-exhausted.dmesg'),
  ...read('cases/vfio-intx.dmesg'),
].map(withoutStamp);

/** Every line parsed for itself: place and fact of each. */
function plainly(text: string): { facts: string[]; kinds: string[] } {
  const facts: string[] = [];
  const kinds = new Set<string>();
  const reader = new FactReader(({ fact, line }) => facts.push(`${line} ${JSON.stringify(fact)}`));
  const words = new WordSearch(interestingWords);
  const one = (line: string, number: number) => {
    kinds.add(lineKind(line));
    return reader.line(line, number);
  };
  const scan = new LogScan((piece, at) => words.next(piece, at), one, 200);
  scan.push(text);
  scan.end();
  reader.end();
  return { facts, kinds: [...kinds].filter((kind) => kind !== 'other') };
}

class Recorder extends Casebook {
  readonly facts: string[] = [];
  override add(...[fact, place]: Parameters<Casebook['add']>): void {
    this.facts.push(`${place().line} ${JSON.stringify(fact)}`);
    super.add(fact, place);
  }
}

test('facts, places and kinds are those of reading each line', () => {
  const stamp = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 999_999 }));
  const prefix = fc.constantFrom(
    ...['', '', 'Nov 21 08:18:39 host kernel: ', 'Nov  1 08:18:39 vfio-2 kernel: '],
    ...['Nov 11 08:18:40 vfio-3 kernel: ', '2026-11-21T08:18:39+00:00 host kernel: '],
  );
  const line = fc.tuple(prefix, fc.nat(messages.length - 1));
  const stamped = ([before, i]: readonly [string, number], [s, us]: readonly [number, number]) =>
    `${before}[${String(s).padStart(5)}.${String(us).padStart(6, '0')}] ${messages[i]}`;
  // A few lines over and over, as a storm has them: in any order, or in one.
  const order = fc.oneof(
    fc.array(fc.nat(11), { maxLength: 400 }),
    fc.nat(400).map((length) => Array.from({ length }, (_, i) => i)),
  );
  const storm = fc
    .tuple(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.array(stamp, { minLength: 1, maxLength: 5 }),
      order,
    )
    .map(([lines, stamps, picks]) =>
      picks.map((pick, i) => stamped(lines[pick % lines.length]!, stamps[i % stamps.length]!)),
    );
  fc.assert(
    fc.property(fc.array(storm, { maxLength: 4 }), (parts) => {
      const text = parts.flat().join('\n');
      const book = new Recorder();
      const file = new CaseFile('log', book);
      file.push(text);
      file.end();
      expect(book.facts).toEqual(plainly(text).facts);
    }),
    { numRuns: 150 },
  );
});

test('what is known behind one host, and in one order, is used for the next line of it', () => {
  const repeats = new Repeats();
  const lines = (host: string, s: number) =>
    ['one', 'two', 'three'].map((text) => `Nov 21 08:18:39 ${host} kernel: [    ${s}.000000] ${text}`);
  const reading = (kind: 'kernel' | 'other') => ({ kind, facts: [], wantsNext: false, isPlain: false });
  for (const line of lines('host-1', 1)) {
    expect(repeats.find(line)).toBeUndefined();
    repeats.keep(reading(line.endsWith('two') ? 'kernel' : 'other'));
  }
  const [first, second, third] = lines('host-1', 2) as [string, string, string];
  expect(repeats.find(first)?.kind).toBe('other');
  // As long as what came behind it, and another message.
  expect(repeats.follows(`${first}\n`, 0)).toBeUndefined();
  const piece = `${first}\n${second}\n${third}\n`;
  expect(repeats.follows(piece, first.length + 1)?.kind).toBe('kernel');
  expect(piece.slice(repeats.end)).toBe(`\n${third}\n`);
  // More text than before, another message, another host: no.
  expect(repeats.follows(`${third} and more\n`, 0)).toBeUndefined();
  expect(repeats.follows(`${second}\n`, 0)).toBeUndefined();
  expect(repeats.follows(`${lines('host-2', 2)[2]}\n`, 0)).toBeUndefined();
  expect(repeats.follows(`${third}\n`, 0)?.kind).toBe('other');
  expect(repeats.find(lines('host-2', 2)[1]!)).toBeUndefined();
});
