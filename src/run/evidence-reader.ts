/** Reads a variant's evidence files for the verdict, which itself touches no file system. */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Files } from '../verdict/facts.ts';

/** Gives the text of a file of the folder, or undefined where there is none. */
export function evidenceReader(folder: string): Files {
  const at = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) ? path : undefined;
  };
  const whole = (name: string) => {
    const path = at(name);
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  };
  const lines = (name: string) => {
    const path = at(name);
    return path === undefined ? undefined : linesOf(path);
  };
  return Object.assign(whole, { lines });
}

const pieceBytes = 1 << 20;

function* linesOf(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(pieceBytes);
    const decoder = new StringDecoder();
    let rest = '';
    for (let n = readSync(file, bytes); n > 0; n = readSync(file, bytes)) {
      const lines = (rest + decoder.write(bytes.subarray(0, n))).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}
