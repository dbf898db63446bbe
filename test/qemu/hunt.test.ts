/**
 * Hunts on a real kernel: a race planted in a shell script, two processes that each add one to a number in a file. It
 * is found, shrunk to the preemption that it takes, and is the same on every replay; with a lock it is not there.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { hunt } from '../../src/hunt/hunt.ts';
import type { HuntPlan } from '../../src/hunt/script.ts';
import { type BuildContext, cacheDirectory } from '../../src/images/cache.ts';
import { buildGuestImage } from '../../src/images/image.ts';
import { resolveKernel } from '../../src/images/kernels.ts';
import { plainMachine } from '../../src/lab/machines.ts';
import type { MachineSpec } from '../../src/machine/spec.ts';
import { boot } from '../../src/run/hunt/boot.ts';
import { type Ground, makeGround } from '../../src/run/hunt/ground.ts';
import { withHunt } from '../../src/run/hunt/machine.ts';
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

const plan = (before = '', after = ''): HuntPlan => ({
  prepare: 'echo 0 >/tmp/n; mkdir /tmp/a',
  work: work(before, after),
  points: ['__x64_sys_mkdir', '__x64_sys_rmdir'],
  preemptions: 2,
  longest: 4,
});
/** By `ln`, which is one step, and comes to no point. */
const locked = plan('until ln /tmp/n /tmp/lock 2>/dev/null; do usleep 1000; done;', 'rm /tmp/lock;');

const signal = AbortSignal.timeout(500_000);
let context: BuildContext;
let machine: MachineSpec;

beforeAll(async () => {
  context = { cache: cacheDirectory(), onProgress: () => {}, signal };
  const kernel = await resolveKernel(context, '6.12');
  const { initrd } = await buildGuestImage(context, { kernel });
  machine = { ...plainMachine('host', 2, 256), kernel: kernel.image, initrd };
});

const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const hunted = (ground: Ground, { points, preemptions, longest }: HuntPlan, count: number) =>
  hunt({
    ...{ seeds: seeds(count), preemptions, longest, jobs: 2, shrinkHits: 1, tell: () => {} },
    run: (schedule) => runSchedule(ground, points, schedule, signal),
    now: () => performance.now(),
  });

describe('a deterministic machine', () => {
  it('says the same on every run, from power-on to the end of its work, to the byte', async () => {
    const spec = withHunt(machine, plan());
    const [first, second] = [await boot(spec, signal), await boot(spec, signal)];
    expect(first.outcome).toBe('passed');
    expect(first.console).toContain('counted 2');
    // Kernel messages with their time stamps are among them.
    expect(first.console.filter((line) => /^\[ +\d+\.\d{6}\]/.test(line)).length).toBeGreaterThan(0);
    expect(second.console).toEqual(first.console);
    expect(second.sha256).toBe(first.sha256);
  });
});

describe('a hunt', () => {
  it('finds the planted race and shrinks it to its one preemption, the same on every replay', async () => {
    const ground = await makeGround(context, withHunt(machine, plan()), plan());
    const result = await hunted(ground, plan(), 12);
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.unfinished).toEqual([]);
    expect(result.hits.length).toBeGreaterThan(0);
    const { run, schedule, replay, minimal } = result.hits[0]!.shrunk!;
    expect(minimal).toBe(true);
    expect(schedule).toHaveLength(1);
    expect(run.visits[schedule[0]!.visit]).toMatchObject({ cpu: 0, point: '__x64_sys_rmdir' });
    expect(run.console).toContain('counted 1');
    expect(replay).toEqual({ same: true });
    // The known-good control: the same machine, nobody held.
    const again = await runSchedule(ground, plan().points, [], signal);
    expect(again.console).toEqual(result.undisturbed.console);
  });

  it('finds nothing where a lock is held', async () => {
    const ground = await makeGround(context, withHunt(machine, locked), locked);
    const result = await hunted(ground, locked, 12);
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.hits).toEqual([]);
    expect(result.runs).toBe(12);
  });
});
