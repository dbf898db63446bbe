/** Reads a variant's evidence files for the verdict, which itself touches no file system. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns The text of a file of the folder, or undefined where there is none. */
export function evidenceReader(folder: string): (name: string) => string | undefined {
  return (name) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
}
