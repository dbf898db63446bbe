import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Casebook } from '../../src/diagnose/casebook.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { CaseFile } from '../../src/diagnose/read.ts';
import type { Report } from '../../src/diagnose/types.ts';

export const fixtures = join(import.meta.dirname, '../fixtures');

/** Diagnoses texts by name, each in pieces of `pieceLength`. */
export function ask(files: Readonly<Record<string, string>>, pieceLength = 1 << 20): Report {
  const book = new Casebook();
  const read = Object.entries(files).map(([name, text]) => {
    const file = new CaseFile(name, book);
    for (let at = 0; at < text.length; at += pieceLength) file.push(text.slice(at, at + pieceLength));
    return file.end();
  });
  return diagnose(book, read);
}

export function askFiles(...paths: string[]): Report {
  return ask(Object.fromEntries(paths.map((path) => [path, readFileSync(join(fixtures, path), 'latin1')])));
}
