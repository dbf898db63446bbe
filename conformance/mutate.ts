/**
 * `npm run model:mutants`: whether the recordings of the repository convict each mutant of the model (mutants.ts).
 * Exit 0: each; 1: some got away, or the model itself is convicted.
 */
import { exitCodes } from '../src/errors.ts';
import { table } from '../src/report/table.ts';
import { convict } from './convict.ts';
import { mutants } from './mutants.ts';
import { kernelOf, readTrace, repositoryTraces } from './store.ts';

const traces = repositoryTraces().map((file) => ({
  name: file.replace(/^.*\//, ''),
  kernel: kernelOf(file)!,
  lines: readTrace(file).split('\n'),
}));
const rows = [['-', 'none: the model as it is', (await convict(traces)) ?? 'innocent']];
for (const mutant of mutants)
  rows.push([mutant.rule, mutant.lie, (await convict(traces, mutant)) ?? 'GOT AWAY']);
const right = rows.filter(([, , result], i) => (i === 0 ? result === 'innocent' : result !== 'GOT AWAY'));
process.stdout.write(`${table([['Rule', 'Lie', 'Convicted by'], ...rows]).join('\n')}\n`);
process.stdout.write(`${right.length} of ${rows.length} as they should be\n`);
process.exitCode = right.length === rows.length ? exitCodes.asExpected : exitCodes.notAsExpected;
