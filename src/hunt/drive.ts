/**
 * Runs a schedule: at each visit of a point by a CPU the machine stands still, and the schedule says whether that CPU
 * is held while the others go on. All that counts is the machine's own: visits, and ticks of its timers. So the same
 * schedule on the same machine takes the same way.
 */
import type { Schedule } from './schedule.ts';

/** The machine, its CPUs held; what it must be able to do. */
export interface SteeredCpus {
  threads(): AsyncIterable<string>;
  registers(thread: string): Promise<Map<string, bigint>>;
  setBreakpoint(address: bigint): Promise<void>;
  clearBreakpoint(address: bigint): Promise<void>;
  /** Lets these go, all if none is named, until one comes to a breakpoint or `until` aborts (`asked`). */
  run(threads: readonly string[], until: AbortSignal): Promise<{ thread?: string; why: 'trap' | 'asked' }>;
  /** One instruction; leaves a breakpoint that the CPU stands at. */
  step(thread: string): Promise<unknown>;
}

export interface Course {
  points: ReadonlyMap<bigint, string>;
  /** Address of the function that a timer's interrupt enters. */
  tick: bigint;
  schedule: Schedule;
  /** Aborts when the work has ended. */
  ended: AbortSignal;
  /** A signal for a hold in which the machine does nothing at all: neither a visit nor a tick within its time. */
  stuck: () => AbortSignal;
}

export interface Visit {
  /** From 0, as in the kernel. */
  cpu: number;
  point: string;
  /** Visits that it was to be held for. */
  held?: number;
  /** The hold ended early: `ticks`, nobody else came to a point; `stuck`, nothing moved at all. */
  cut?: 'ticks' | 'stuck';
}

/** So many ticks of others without a visit, and a hold has nothing left to wait for. */
const patience = 4;

/** @returns every visit, in order. @throws what `cpus` throws */
export async function drive(cpus: SteeredCpus, course: Course): Promise<Visit[]> {
  const { points, tick, ended } = course;
  const threads: string[] = [];
  for await (const thread of cpus.threads()) threads.push(thread);
  const preemptions = new Map(course.schedule.map(({ visit, hold }) => [visit, hold]));
  const visits: Visit[] = [];
  /** Held threads: visits to go, and the visit that it is held at. */
  const held = new Map<string, { left: number; visit: Visit }>();
  let ticks = 0;

  const hold = async (thread: string, visit: Visit, left: number) => {
    visit.held = left;
    if (held.size === 0 && !points.has(tick)) await cpus.setBreakpoint(tick);
    held.set(thread, { left, visit });
    ticks = 0;
  };
  const release = async (thread: string, cut?: Visit['cut']) => {
    const { visit } = held.get(thread)!;
    if (cut) visit.cut = cut;
    held.delete(thread);
    if (held.size === 0 && !points.has(tick)) await cpus.clearBreakpoint(tick);
    await cpus.step(thread);
  };
  const releaseAll = async (cut: Visit['cut']) => {
    for (const thread of [...held.keys()]) await release(thread, cut);
  };

  for (const address of points.keys()) await cpus.setBreakpoint(address);
  while (!ended.aborted) {
    const free = held.size === 0 ? [] : threads.filter((thread) => !held.has(thread));
    const until = held.size === 0 ? ended : AbortSignal.any([ended, course.stuck()]);
    const stop = await cpus.run(free, until);
    if (stop.why === 'asked' || stop.thread === undefined) {
      if (!ended.aborted && held.size > 0) await releaseAll('stuck');
      continue;
    }
    const { thread } = stop;
    const at = (await cpus.registers(thread)).get('rip')!;
    const point = points.get(at);
    if (point === undefined) {
      // Stepped before it may run together with those that are released.
      await cpus.step(thread);
      ticks += 1;
      if (ticks >= patience) await releaseAll('ticks');
      continue;
    }
    const visit: Visit = { cpu: threads.indexOf(thread), point };
    const wanted = preemptions.get(visits.length);
    visits.push(visit);
    ticks = 0;
    for (const [other, hold] of held) {
      hold.left -= 1;
      if (hold.left === 0) await release(other);
    }
    // The last one that runs is never held.
    if (wanted !== undefined && held.size + 1 < threads.length) await hold(thread, visit, wanted);
    else await cpus.step(thread);
  }
  return visits;
}
