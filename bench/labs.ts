/**
 * `npm run labs`: every lab in the size for CI, one after the other: the variants that it calls `quick`, on its first
 * kernel. Progress goes to stderr, the table to stdout; the exit code is that of the worst. What follows `--` goes to
 * every `vflab run`: `npm run labs -- --kernel all`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../src/errors.ts';
import { loadLab } from '../src/lab/load.ts';
import { exitCodeOf } from '../src/report/outcome.ts';
import type { RunResult } from '../src/report/result.ts';
import { table } from '../src/report/table.ts';
import { formatMs } from '../src/report/time.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'labs');
const more = process.argv.slice(2);

const results: RunResult[] = [];
const broken: string[] = [];
const started = performance.now();
for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .sort()) {
  const loaded = loadLab(readFileSync(join(folder, name), 'utf8'), `labs/${name}`);
  if (!loaded.ok) {
    broken.push(`${name} is not valid: bin/vflab validate labs/${name}`);
    continue;
  }
  const variants = (loaded.lab.quick ?? []).flatMap((variant) => ['--variant', variant]);
  const child = spawn(join(root, 'bin/vflab'), ['run', join(folder, name), ...variants, '--json', ...more], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  try {
    results.push(JSON.parse(text) as RunResult);
  } catch {
    broken.push(`${name} gave no result: vflab ended with ${child.exitCode ?? child.signalCode}`);
  }
  if (child.signalCode || results.at(-1)?.interrupted) break;
}

const rows = results.flatMap(({ lab, variants }) =>
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
  `${rows.length} variants of ${results.length} labs in ${formatMs(performance.now() - started)}\n`,
);
process.exitCode = broken.length > 0 ? exitCodes.labBroke : exitCodeOf(results);
