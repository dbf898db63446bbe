import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { splitLines } from '../../src/evidence/source.ts';
import { evidenceReader } from '../../src/run/evidence-reader.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vflab-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['nothing', ''],
  ['an end without a newline', 'a\n\nb'],
  // Lines and characters that lie across the pieces in which it is read.
  ['megabytes', `${'0123456789é€'.repeat(7)}\n`.repeat(40_000)],
])('the lines are those of the text: %s', (_, text) => {
  writeFileSync(join(folder, 'host.qemu-trace'), text);
  const files = evidenceReader(folder);
  expect(files('host.qemu-trace')).toBe(text);
  expect([...files.lines!('host.qemu-trace')!]).toEqual(splitLines(text));
});

it('a file that is not there', () => {
  const files = evidenceReader(folder);
  expect(files('host.vectors')).toBeUndefined();
  expect(files.lines!('host.vectors')).toBeUndefined();
});
