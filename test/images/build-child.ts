/** Builds a fake image in a process of its own: `build-child.ts WORLD.json`. Prints progress, then the key. */
import { readFileSync } from 'node:fs';
import { isKnownError } from '../../src/errors.ts';
import { buildImage } from '../../src/images/image.ts';

const { cache, recipe, kernel } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
try {
  const context = { cache, onProgress: (text: string) => process.stdout.write(`${text}\n`) };
  const image = await buildImage(context, recipe, kernel);
  process.stdout.write(`key ${image.key}\n`);
} catch (error) {
  process.stdout.write(isKnownError(error) ? `error ${error.code}\n` : `unknown ${String(error)}\n`);
  process.exitCode = 1;
}
