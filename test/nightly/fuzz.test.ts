/**
 * Every reader of text fed with mutated real input for VFLAB_FUZZ_SECONDS in all (ten minutes): none throws, none takes
 * longer than its input is long. VFLAB_FUZZ_SEED tries a printed seed again.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';
import { seededRandom } from '../fuzz/mutate.ts';
import { targets } from '../fuzz/targets.ts';

const seconds = Number(process.env.VFLAB_FUZZ_SECONDS ?? 600);
const seed = Number(process.env.VFLAB_FUZZ_SEED ?? Date.now() % 2 ** 31);

it.each(targets)('$name', (target) => {
  const end = performance.now() + (seconds * 1000) / targets.length;
  const { inputs, characters, fault } = fuzz(target, seededRandom(seed), () => performance.now() < end);
  console.log(
    `${target.name}: seed ${seed}, ${inputs} inputs, ${Math.round(characters / 1e6)} million characters`,
  );
  if (!fault) return expect(inputs).toBeGreaterThan(0);
  const file = join(mkdtempSync(join(tmpdir(), 'vflab-fuzz-')), 'input');
  writeFileSync(file, fault.input);
  expect.fail(`VFLAB_FUZZ_SEED=${seed}, input ${inputs}, kept in ${file}: ${fault.what}`);
});
