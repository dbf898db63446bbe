/** `vflab check-trace` beside the tools that one would use otherwise, on a recording made long. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runTimed } from './timed.ts';

const fixture = join(import.meta.dirname, '../test/fixtures/traces/6.1-modules.trace.gz');
const copies = 200;

/** @param folder for the long recording @returns lines to print */
export function checkTraceSpeed(bin: string, folder: string): string[] {
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
  return [...lines, traceCmdLine(events / check.ms)];
}

/** It reads its own binary format only, which no text can be made into: a user's recording, if there is one. */
function traceCmdLine(ours: number): string {
  const recording = process.env.VFLAB_TRACE_DAT;
  if (spawnSync('trace-cmd', ['--help']).error)
    return 'trace-cmd report: not compared, there is no trace-cmd';
  if (!recording)
    return 'trace-cmd report: not compared, for it reads a trace.dat only: give one by VFLAB_TRACE_DAT=FILE';
  const t0 = performance.now();
  const { stdout } = spawnSync('trace-cmd', ['report', '-i', recording], { maxBuffer: 1 << 30 });
  const ms = performance.now() - t0;
  const theirs = stdout.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0) / ms;
  return `trace-cmd report: ${Math.round(theirs)} thousand events/s, check-trace is ${(ours / theirs).toFixed(1)} times as fast`;
}
