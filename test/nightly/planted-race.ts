/** A race planted in a shell script, two processes that each add one to a number in a file; and the same with a lock. */
import { hunt } from '../../src/hunt/hunt.ts';
import type { HuntPlan } from '../../src/hunt/script.ts';
import { type BuildContext, cacheDirectory } from '../../src/images/cache.ts';
import { buildGuestImage } from '../../src/images/image.ts';
import { resolveKernel } from '../../src/images/kernels.ts';
import { plainMachine } from '../../src/lab/machines.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import type { Ground } from '../../src/run/hunt/ground.ts';
import { runSchedule } from '../../src/run/hunt/one-run.ts';

/** Either reads, comes to a point, and writes what it read plus one; the second begins when the first is done. */
const work = (before: string, after: string) => `
taskset 1 sh -c '${before} read n </tmp/n; rmdir /tmp/a; echo $((n+1)) >/tmp/n; ${after}' &
taskset 2 sh -c 'usleep 5000; ${before} mkdir /tmp/b; read n </tmp/n; echo $((n+1)) >/tmp/n; mkdir /tmp/c; ${after}
  mkdir /tmp/d; rmdir /tmp/d' &
wait
read n </tmp/n
echo "counted $n"
[ $n = 2 ]`;

export const plan = (before = '', after = ''): HuntPlan => ({
  prepare: 'echo 0 >/tmp/n; mkdir /tmp/a',
  work: work(before, after),
  points: ['__x64_sys_mkdir', '__x64_sys_rmdir'],
  preemptions: 2,
  longest: 4,
});
/** By `ln`, which is one step, and comes to no point. */
export const locked = plan('until ln /tmp/n /tmp/lock 2>/dev/null; do usleep 1000; done;', 'rm /tmp/lock;');

/**
 * CPU1 goes offline: both stand in stop_machine() with interrupts off, each waiting for the other (kernel/
 * stop_machine.c, multi_cpu_stop()). Where CPU1 is held at the one point, CPU0 spins for ever, and no timer reaches it.
 */
export const stopsAll: HuntPlan = {
  prepare: '',
  work: `taskset 1 sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
    [ "$(cat /sys/devices/system/cpu/online)" = 0 ]`,
  points: ['take_cpu_down'],
  preemptions: 1,
  longest: 8,
};

/**
 * A writer computes for some 11 ms, and a reader looks 2 ms after it has told it to begin. Both come to a point only
 * afterwards, so that no preemption makes a difference. The reader is too early where it goes on as soon as its timer
 * fires, or where the writer is so slow that its turn is over.
 */
export const hasty: HuntPlan = {
  prepare: 'mkdir /tmp/a; mkfifo /tmp/go',
  work: `
taskset 1 sh -c 'read x </tmp/go; i=0; while [ $i -lt 220 ]; do i=$((i+1)); done; : >/tmp/written; rmdir /tmp/a' &
taskset 2 sh -c 'echo >/tmp/go; usleep 2000; [ -e /tmp/written ] && : >/tmp/seen; mkdir /tmp/b' &
wait
[ -e /tmp/seen ]`,
  points: ['__x64_sys_mkdir', '__x64_sys_rmdir'],
  preemptions: 1,
  longest: 2,
};

/** Of the file: some sixty runs and eight boots, on a machine that is busy. */
export const signal = AbortSignal.timeout(1_700_000);
export const context: BuildContext = { cache: cacheDirectory(), onProgress: () => {}, signal };

export async function machineToHunt(): Promise<MachineSpec> {
  const kernel = await resolveKernel(context, '6.12');
  const { initrd } = await buildGuestImage(context, { kernel });
  return { ...plainMachine('host', 2, 256), kernel: kernel.image, initrd };
}

export const hunted = (
  ground: Ground,
  { preemptions, longest }: HuntPlan,
  { first = 1, count = 12, shrinkHits = 1 } = {},
) =>
  hunt({
    ...{ preemptions, longest, cpus: 2, jobs: 2, shrinkHits, tell: () => {} },
    seeds: Array.from({ length: count }, (_, i) => first + i),
    run: (schedule) => runSchedule(ground, schedule, signal),
    now: () => performance.now(),
  });
