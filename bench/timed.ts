/** What a program takes, by the clock and of the processor: on a busy machine only the second is worth something. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** grep ends with 1 where nothing matches, diagnose where something is wrong. */
export function runTimed(program: string, args: string[]): { ms: number; cpuMs: number; stdout: Buffer } {
  const t0 = performance.now();
  const cpu0 = childrenCpuMs();
  // Not to /dev/null: there grep stops at the first match.
  const { status, error, stdout } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 30,
  });
  if (error || (status !== 0 && status !== 1)) throw new Error(`${program} ended with ${status ?? error}`);
  return { ms: performance.now() - t0, cpuMs: childrenCpuMs() - cpu0, stdout };
}

/** Of all children that have ended: proc_pid_stat(5), cutime and cstime, hundredths of a second. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
