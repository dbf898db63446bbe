/** `vflab list`: the labs there are. A broken one is listed as broken: `list` is where one looks first. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exitCodes } from '../errors.ts';
import { loadLab } from '../lab/load.ts';
import { axesOf } from '../lab/matrix.ts';
import { plainLine } from '../report/plain.ts';
import { table } from '../report/table.ts';
import type { CommandContext } from './context.ts';
import { labFiles } from './labs.ts';

export async function list({ cwd, out, err }: CommandContext, options: { json?: boolean }): Promise<number> {
  const labs = [];
  for (const { name, file } of await labFiles(cwd)) {
    const result = loadLab(await readFile(resolve(cwd, file), 'utf8'), file);
    if (!result.ok) labs.push({ name, file, title: 'broken: see `vflab validate`', variants: [], axes: {} });
    else
      labs.push({
        name,
        file,
        title: plainLine(result.lab.title),
        variants: Object.keys(result.lab.variants),
        axes: Object.fromEntries(axesOf(result.lab).map((axis) => [axis.name, axis.values])),
      });
  }
  if (options.json) out.write(`${JSON.stringify(labs, undefined, 2)}\n`);
  else {
    const rows = labs.map((lab) => [lab.name, lab.title]);
    out.write(
      table(rows, (cell, _, column) => (column === 0 ? out.style.bold(cell) : cell))
        .map((l) => `${l}\n`)
        .join(''),
    );
    if (labs.length > 0)
      err.write(out.style.dim('\nvflab show LAB tells what is in one; vflab run LAB runs it.\n'));
  }
  if (labs.length > 0) return exitCodes.asExpected;
  err.write('No labs: labs/ holds no .yaml file.\n');
  return exitCodes.nothingRan;
}
