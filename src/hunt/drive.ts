/**
 * Runs a schedule: at each visit of a point by a CPU the machine stands still, and the schedule says whether that CPU
 * is held while the others go on. All that counts is the machine's own: visits, and ticks of its timers. So the same
 * schedule on the same machine takes the same way.
 *
 * For that only one CPU runs at a time, until it idles. At a breakpoint QEMU stops the CPU that came to it, and the
 * others when its main loop hears of it (accel/tcg/tcg-accel-ops-rr.c, rr_cpu_thread_fn(): after EXCP_DEBUG the thread
 * goes on with the next CPU): those would have run on for a time that nothing determines.
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
  /** Addresses of functions that a CPU enters which has nothing to do. */
  idle: ReadonlySet<bigint>;
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

/** So many ticks without a visit, and whoever runs waits for somebody else; twice as many, for one that is held. */
const patience = 4;

/** @returns every visit, in order. @throws what `cpus` throws */
export async function drive(cpus: SteeredCpus, course: Course): Promise<Visit[]> {
  const { points, tick, idle, ended } = course;
  /** In the order in which they get to run. */
  const threads: string[] = [];
  for await (const thread of cpus.threads()) threads.push(thread);
  const numbers = new Map(threads.map((thread, cpu) => [thread, cpu]));
  const preemptions = new Map(course.schedule.map(({ visit, hold }) => [visit, hold]));
  const visits: Visit[] = [];
  /** Held threads: visits to go, and the visit that it is held at. */
  const held = new Map<string, { left: number; visit: Visit }>();
  const asleep = new Set<string>();
  let ticks = 0;

  const release = async (thread: string, cut?: Visit['cut']) => {
    const { visit } = held.get(thread)!;
    if (cut) visit.cut = cut;
    held.delete(thread);
    await cpus.step(thread);
  };
  const releaseAll = async (cut: Visit['cut']) => {
    for (const thread of [...held.keys()]) await release(thread, cut);
  };
  /** Nobody is taken for asleep any more, and who ran comes last. */
  const rotate = (thread = threads[0]!) => {
    asleep.clear();
    threads.splice(threads.indexOf(thread), 1);
    threads.push(thread);
  };

  for (const address of new Set([...points.keys(), tick, ...idle])) await cpus.setBreakpoint(address);
  while (!ended.aborted) {
    const free = threads.filter((thread) => !held.has(thread));
    const awake = free.find((thread) => !asleep.has(thread));
    // If all are asleep, whoever is woken first.
    const stop = await cpus.run(awake ? [awake] : free, AbortSignal.any([ended, course.stuck()]));
    if (stop.why === 'asked' || stop.thread === undefined) {
      if (ended.aborted) break;
      await releaseAll('stuck');
      rotate(awake);
      continue;
    }
    const { thread } = stop;
    const at = (await cpus.registers(thread)).get('rip')!;
    const point = points.get(at);
    if (point === undefined) {
      if (idle.has(at)) asleep.add(thread);
      else asleep.delete(thread);
      await cpus.step(thread);
      if (at !== tick) continue;
      ticks += 1;
      if (ticks % patience === 0) rotate(thread);
      if (ticks === 2 * patience) {
        ticks = 0;
        await releaseAll('ticks');
      }
      continue;
    }
    const visit: Visit = { cpu: numbers.get(thread)!, point };
    const hold = preemptions.get(visits.length);
    visits.push(visit);
    asleep.delete(thread);
    ticks = 0;
    for (const [other, one] of [...held]) {
      one.left -= 1;
      if (one.left === 0) await release(other);
    }
    // The last one that runs is never held.
    if (hold !== undefined && held.size + 1 < threads.length) {
      visit.held = hold;
      held.set(thread, { left: hold, visit });
    } else await cpus.step(thread);
  }
  return visits;
}
