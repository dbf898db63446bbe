/** `vflab diagnose` beside `grep -c`, on a journal made of real boot logs, and on one of nothing but AER reports. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runTimed } from './timed.ts';

const megabytes = 400;
const read = (path: string) =>
  readFileSync(join(import.meta.dirname, '../test/fixtures/recordings', path), 'latin1');
const words = 'genirq|nobody cared|No irq handler|virtio_blk|vfio|AER: ';

/** @param folder for the journals @returns lines to print */
export function diagnoseSpeed(bin: string, folder: string): string[] {
  const boots = ['correctable-6.1', 'correctable-6.12'].map((run) => read(`${run}/vm0.dmesg`)).join('');
  const report = read('hang-6.12/host.dmesg')
    .split('\n')
    .filter((line) => /AER: (?!enabled)|PCIe Bus Error|error status\/mask|\] CmpltAbrt/.test(line));
  return [
    ...speed('a journal', join(folder, 'journal'), boots, bin),
    ...speed('an AER storm', join(folder, 'storm'), `${report.join('\n')}\n`, bin),
  ];
}

function speed(what: string, file: string, log: string, bin: string): string[] {
  const bytes = writeJournal(file, log);
  const rate = (ms: number) => `${Math.round(bytes / 1e3 / ms)} MB/s`;
  const own = runTimed(bin, ['diagnose', file]);
  const one = runTimed('grep', ['-c', 'nobody cared', file]);
  const six = runTimed('grep', ['-cE', words, file]);
  return [
    `diagnose of ${what}: ${rate(own.ms)}, ${rate(own.cpuMs)} of CPU time (${Math.round(bytes / 1e6)} MB, start of the program included)`,
    `grep -c: ${rate(one.ms)} for one word, ${rate(six.ms)} for six; diagnose takes ${(own.cpuMs / six.cpuMs).toFixed(1)} times the CPU time of six`,
  ];
}

function writeJournal(file: string, log: string): number {
  const text = log.replaceAll(/^(?=.)/gm, 'Nov 21 08:18:39 host kernel: ');
  const piece = Buffer.from(text.repeat(Math.ceil(1e6 / text.length)), 'latin1');
  const out = openSync(file, 'w');
  let bytes = 0;
  while (bytes < megabytes * 1e6) bytes += writeSync(out, piece);
  closeSync(out);
  return bytes;
}
