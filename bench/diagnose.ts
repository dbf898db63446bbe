/** `vflab diagnose` beside `grep -c`, on a journal made of real boot logs. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const megabytes = 400;
const logs = ['correctable-6.1', 'correctable-6.12'].map((run) =>
  join(import.meta.dirname, `../test/fixtures/recordings/${run}/vm0.dmesg`),
);
const words = 'genirq|nobody cared|No irq handler|virtio_blk|vfio|AER: ';

/** @param folder for the journal @returns lines to print */
export function diagnoseSpeed(bin: string, folder: string): string[] {
  const file = join(folder, 'journal');
  const bytes = writeJournal(file);
  const rate = (ms: number) => `${Math.round(bytes / 1e3 / ms)} MB/s`;
  const own = run(bin, ['diagnose', file]);
  const one = run('grep', ['-c', 'nobody cared', file]);
  const six = run('grep', ['-cE', words, file]);
  return [
    `diagnose: ${rate(own)} (${Math.round(bytes / 1e6)} MB of journal, start of the program included)`,
    `grep -c: ${rate(one)} for one word, ${rate(six)} for six`,
  ];
}

function writeJournal(file: string): number {
  const text = logs
    .map((log) => readFileSync(log, 'latin1').replaceAll(/^/gm, 'Nov 21 08:18:39 host kernel: '))
    .join('');
  const piece = Buffer.from(text.repeat(20), 'latin1');
  const out = openSync(file, 'w');
  let bytes = 0;
  while (bytes < megabytes * 1e6) bytes += writeSync(out, piece);
  closeSync(out);
  return bytes;
}

/** @returns milliseconds. grep ends with 1 where nothing matches, diagnose where something is wrong. */
function run(program: string, args: string[]): number {
  const t0 = performance.now();
  // Not to /dev/null: there grep stops at the first match.
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (error || (status !== 0 && status !== 1)) throw new Error(`${program} ended with ${status ?? error}`);
  return performance.now() - t0;
}
