/**
 * `npm run labs`: every lab in the size for CI: the variants that it calls `quick`, on its first kernel. As many labs at
 * once as there are cores, since an emulated machine keeps little more than one busy; `--jobs N` says otherwise.
 * Progress goes to stderr, the table to stdout; the exit code is that of the worst. Whatever else follows `--` goes to
 * every `vflab run`: `npm run labs -- --kernel all`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exitCodes } from '../src/errors.ts';
import { loadLab } from '../src/lab/load.ts';
import { exitCodeOf } from '../src/report/outcome.ts';
import type { RunResult } from '../src/report/result.ts';
import { table } from '../src/report/table.ts';
import { formatMs } from '../src/report/time.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'labs');
const { jobs, more } = readArguments(process.argv.slice(2));

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .sort();
const results = new Map<string, RunResult>();
const broken: string[] = [];
let interrupted = false;
const running = new Set<ChildProcess>();
// Each lab has a process group of its own, so that it hears of it once, whoever sent it, and puts its machines away.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    interrupted = true;
    for (const child of running) child.kill(signal);
  });
const started = performance.now();
const waiting = [...names];
await Promise.all(
  Array.from({ length: jobs }, async () => {
    for (let name = waiting.shift(); name !== undefined && !interrupted; name = waiting.shift())
      await runLab(name);
  }),
);

const inOrder = names.flatMap((name) => results.get(name) ?? []);
const rows = inOrder.flatMap(({ lab, variants }) =>
  variants.map(({ id, verdict, remedy, asExpected, durationMs }) => [
    lab,
    id,
    verdict,
    remedy ? `${remedy.id} ${remedy.effect ?? 'unknown'}` : '-',
    asExpected ? 'yes' : 'NO',
    formatMs(durationMs),
  ]),
);
const head = ['Lab', 'Variant', 'Verdict', 'Remedy', 'As expected', 'Time'];
process.stdout.write(`${table([head, ...rows]).join('\n')}\n`);
for (const line of broken) process.stdout.write(`${line}\n`);
process.stderr.write(
  `${rows.length} variants of ${inOrder.length} labs in ${formatMs(performance.now() - started)}\n`,
);
process.exitCode = broken.length > 0 ? exitCodes.labBroke : exitCodeOf(inOrder);

async function runLab(name: string): Promise<void> {
  const loaded = loadLab(readFileSync(join(folder, name), 'utf8'), `labs/${name}`);
  if (!loaded.ok) {
    broken.push(`${name} is not valid: bin/vflab validate labs/${name}`);
    return;
  }
  const variants = (loaded.lab.quick ?? []).flatMap((variant) => ['--variant', variant]);
  const child = spawn(join(root, 'bin/vflab'), ['run', join(folder, name), ...variants, '--json', ...more], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  createInterface(child.stderr).on('line', (line) => process.stderr.write(`${name.slice(0, -5)}: ${line}\n`));
  await once(child, 'close');
  running.delete(child);
  try {
    results.set(name, JSON.parse(text) as RunResult);
  } catch {
    broken.push(`${name} gave no result: vflab ended with ${child.exitCode ?? child.signalCode}`);
  }
  if (child.signalCode || results.get(name)?.interrupted) interrupted = true;
}

function readArguments(given: readonly string[]): { jobs: number; more: string[] } {
  const at = given.indexOf('--jobs');
  if (at < 0) return { jobs: availableParallelism(), more: [...given] };
  const jobs = Number(given[at + 1]);
  if (!Number.isInteger(jobs) || jobs < 1) {
    process.stderr.write(`--jobs ${given[at + 1] ?? ''}: how many labs at once, a number from 1\n`);
    process.exit(exitCodes.usage);
  }
  return { jobs, more: given.toSpliced(at, 2) };
}
