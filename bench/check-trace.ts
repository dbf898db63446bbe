/** `vflab check-trace` beside the tools that one would use otherwise, on a recording made long. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runTimed } from './timed.ts';
import { traceDat } from './trace-dat.ts';

const fixture = join(import.meta.dirname, '../test/fixtures/traces/6.1-modules.trace.gz');
const copies = 200;

/** @param folder for the long recording @returns lines to print */
export async function checkTraceSpeed(bin: string, folder: string): Promise<string[]> {
  const file = join(folder, 'long.trace');
  const text = gunzipSync(readFileSync(fixture)).toString('latin1');
  const events =
    copies * text.split('\n').filter((line) => /: (irq_matrix|vector|matrix_probe)_/.test(line)).length;
  // A matrix does not begin twice: what comes before each copy is told to be lost.
  for (let i = 0; i < copies; i += 1) appendFileSync(file, `${text}CPU:0 [LOST 1 EVENTS]\n`);
  const check = runTimed(bin, ['check-trace', file]);
  const grep = runTimed('grep', ['-cE', ': (irq_matrix|vector|matrix_probe)_', file]);
  const rate = (ms: number) => `${Math.round(events / ms)} thousand events/s`;
  const lines = [
    `check-trace: ${rate(check.ms)}, ${rate(check.cpuMs)} of CPU time (${events} events, start of the program included)`,
    `grep -c: ${rate(grep.ms)}; check-trace takes ${(check.cpuMs / grep.cpuMs).toFixed(1)} times its CPU time`,
  ];
  return [...lines, await traceCmdLine(events / check.cpuMs)];
}

/** It reads its own binary format only, which no text can be made into: a machine is booted for it, once. */
async function traceCmdLine(ours: number): Promise<string> {
  if (spawnSync('trace-cmd', ['--help']).error)
    return 'trace-cmd report: not compared, there is no trace-cmd (Debian package trace-cmd)';
  const args = ['report', '-i', await traceDat(100)];
  const { ms, cpuMs, stdout } = runTimed('trace-cmd', args);
  const events = stdout.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0);
  const [theirs, ofCpu] = [events / ms, events / cpuMs].map(Math.round);
  return `trace-cmd report: ${theirs} thousand events/s, ${ofCpu} of CPU time (${events} events); check-trace is ${(ours / (events / cpuMs)).toFixed(1)} times as fast by CPU time`;
}
