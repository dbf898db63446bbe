/**
 * `npm run model:grid [-- --record [MACHINE…]] [--kernel K]… [--json] [--mutants]`: what the model foretells of many virtio-blk
 * disks, held against what real kernels did, machine by machine. Without `--record` it boots nothing and takes the
 * recordings of the repository; `--mutants` whether they convict lies about the model. Exit 0: all equal; 1: some differ; 2: wrong words; 3: a machine broke.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { exitCodes, isKnownError, UsageError } from '../../src/errors.ts';
import { cacheDirectory } from '../../src/images/cache.ts';
import { kernelNames } from '../../src/images/kernel-names.ts';
import { styleFor } from '../../src/report/colour.ts';
import { knownErrorText } from '../../src/report/known-error.ts';
import { table } from '../../src/report/table.ts';
import { comparePoint } from './compare.ts';
import { convictByGrid, gridMutants } from './mutants.ts';
import { gridMachines } from './points.ts';
import { recordGrid } from './record.ts';
import { type GridRecording, recordingOf } from './recording.ts';

const folder = join(import.meta.dirname, '../../test/fixtures/grid');
const raws = join(cacheDirectory(), 'grid');
const usage = 'npm run model:grid [-- --record [MACHINE…]] [--kernel K]… [--json] [--mutants]';

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  const kernels = values.kernel ?? Object.keys(kernelNames);
  const unknown = positionals.find((name) => gridMachines.every((machine) => machine.name !== name));
  if (unknown !== undefined)
    throw new UsageError(`no machine of the grid is called ${unknown}`, {
      code: 'BAD_COMMAND_LINE',
      next: `Machines: ${gridMachines.map(({ name }) => name).join(', ')}.`,
    });
  const wanted = gridMachines
    .map(({ name }) => name)
    .filter((name) => positionals.length === 0 || positionals.includes(name));
  if (values.record) await recordAll(kernels, wanted);
  if (values.mutants) return await convictAll(kernels, wanted);
  const rows = kernels.flatMap((kernel) => wanted.flatMap((name) => rowsOf(kernel, name)));
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else process.stdout.write(gridTable(rows));
  if (rows.length === 0) return exitCodes.nothingRan;
  return rows.some(({ differences }) => differences.length > 0)
    ? exitCodes.notAsExpected
    : exitCodes.asExpected;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        record: { type: 'boolean', default: false },
        kernel: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
        mutants: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { code: 'BAD_COMMAND_LINE', next: usage });
  }
}

async function recordAll(kernels: readonly string[], names: readonly string[]): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const onProgress = (text: string) => process.stderr.write(`${text}\n`);
  mkdirSync(folder, { recursive: true });
  for (const machine of gridMachines.filter(({ name }) => names.includes(name))) {
    for (const kernel of kernels) {
      const raw = await recordGrid(machine, kernel, {
        cache: cacheDirectory(),
        onProgress,
        signal: stop.signal,
      });
      // Whole, for whoever looks into a difference.
      mkdirSync(raws, { recursive: true });
      writeFileSync(join(raws, `${kernel}-${machine.name}.json.gz`), gzipSync(JSON.stringify(raw)));
      writeFileSync(join(folder, `${kernel}-${machine.name}.json`), `${JSON.stringify(recordingOf(raw))}\n`);
    }
  }
}

interface Row {
  kernel: string;
  machine: string;
  point: string;
  disks: number;
  events: number;
  firstDegraded: number | undefined;
  firstFailing: number | undefined;
  seen: string[];
  differences: string[];
}

function recordingIn(kernel: string, name: string): GridRecording | undefined {
  const file = join(folder, `${kernel}-${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GridRecording) : undefined;
}

/** @returns 0 when the recordings convict every mutant, and not the model. */
async function convictAll(kernels: readonly string[], names: readonly string[]): Promise<number> {
  const recordings = kernels.flatMap((kernel) =>
    names.flatMap((name) => {
      const recording = recordingIn(kernel, name);
      return recording ? [[`${kernel} ${name}`, recording] as const] : [];
    }),
  );
  const rows = [['-', 'none: the model as it is', (await convictByGrid(recordings)) ?? 'innocent']];
  for (const mutant of gridMutants)
    rows.push([mutant.rule, mutant.lie, (await convictByGrid(recordings, mutant)) ?? 'GOT AWAY']);
  const right = rows.filter(
    ([, , end], i) => (end === 'innocent') === (i === 0) && end !== 'GOT AWAY',
  ).length;
  const lines = [
    ...table([['rule', 'lie', 'convicted by'], ...rows]),
    `${right} of ${rows.length} as they should be`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return right === rows.length ? exitCodes.asExpected : exitCodes.notAsExpected;
}

function rowsOf(kernel: string, name: string): Row[] {
  const recording = recordingIn(kernel, name);
  if (!recording) return [];
  return recording.points.map((point): Row => {
    const { prediction, differences } = comparePoint(recording, point);
    const { firstDegraded, firstFailing } = prediction;
    const { seen, events, irqs } = point;
    return {
      kernel,
      machine: name,
      point: point.name,
      disks: irqs.length,
      events: events.count,
      firstDegraded,
      firstFailing,
      seen,
      differences,
    };
  });
}

function gridTable(rows: readonly Row[]): string {
  const or = (index: number | undefined) => (index === undefined ? '-' : `${index}`);
  const head = ['kernel', 'machine', 'point', 'disks', 'events', 'degraded from', 'failing from', ''];
  const body = rows.map((row) => [
    row.kernel,
    row.machine,
    row.point,
    `${row.disks}`,
    `${row.events}`,
    or(row.firstDegraded),
    or(row.firstFailing),
    row.differences.length === 0 ? 'exact' : row.differences.join('; '),
  ]);
  const exact = rows.filter(({ differences }) => differences.length === 0).length;
  const sum = (value: (row: Row) => number) => rows.reduce((total, row) => total + value(row), 0);
  const summary = `${exact} of ${rows.length} points exact: ${sum((row) => row.disks)} disks, ${sum((row) => row.events)} matrix events, every field`;
  return `${[...table([head, ...body]), summary].join('\n')}\n`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isKnownError(error)) throw error;
  process.stderr.write(knownErrorText(error, styleFor(false)));
  process.exitCode = error.exitCode;
}
