/** `vflab validate [FILES…]`: every problem of every lab file. Without files, all of `labs/`. */
import { exitCodes } from '../errors.ts';
import { axesOf, cellsOf } from '../lab/matrix.ts';
import type { CommandContext } from './context.ts';
import { findLab, labFiles, loadLabs } from './labs.ts';

export async function validate({ cwd, out }: CommandContext, names: readonly string[]): Promise<number> {
  const files =
    names.length > 0 ? await Promise.all(names.map((name) => findLab(cwd, name))) : await labFiles(cwd);
  const loaded = await loadLabs(cwd, files);
  for (const { file, lab } of loaded) {
    const axes = [...axesOf(lab), { name: 'variant', values: Object.keys(lab.variants) }];
    const product = axes.map((axis) => `${axis.name} ${axis.values.length}`).join(' × ');
    out.write(`${file}: valid, ${cellsOf(lab).length} cells (${product})\n`);
  }
  return loaded.length > 0 ? exitCodes.asExpected : exitCodes.nothingRan;
}
