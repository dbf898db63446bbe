/**
 * Runs a schedule: at each visit of a point by a CPU the machine stands still, and the schedule says whether that CPU
 * is held while the others go on. All that counts is the machine's own: visits, and ticks of its timers. So the same
 * schedule on the same machine takes the same way.
 *
 * For that only one CPU is ever let go. At a breakpoint QEMU stops the CPU that came to it, and the others when its
 * main loop hears of it (accel/tcg/tcg-accel-ops-rr.c, rr_cpu_thread_fn(): after EXCP_DEBUG the thread goes on with
 * the next CPU): those would have run on for a time that nothing determines. Even two that sleep are not let go
 * together, as one may wake the other. Who is next is read from their local APICs: one that an interrupt waits for,
 * else the one whose timer fires first.
 */
import type { Schedule } from './schedule.ts';

/** The machine, its CPUs held; what it must be able to do. */
export interface SteeredCpus {
  threads(): AsyncIterable<string>;
  instructionPointer(thread: string): Promise<bigint>;
  setBreakpoint(address: bigint): Promise<void>;
  /** Lets these go, until one comes to a breakpoint or `until` aborts (`asked`). */
  run(threads: readonly string[], until: AbortSignal): Promise<{ thread?: string; why: 'trap' | 'asked' }>;
  /** Takes a CPU over the breakpoint that it stands at. */
  leave(thread: string, address: bigint): Promise<unknown>;
  /** Whether it stands in `hlt`. */
  halted(cpu: number): Promise<boolean>;
  /** What one that idles waits for: whether an interrupt is there, and when its timer fires. */
  waitsFor(cpu: number): Promise<{ pending: boolean; timerNs?: number }>;
}

export interface Course {
  points: ReadonlyMap<bigint, string>;
  /** Address of the function that a timer's interrupt enters. */
  tick: bigint;
  /** Addresses of functions that a CPU enters which has nothing to do. */
  idle: ReadonlySet<bigint>;
  /** Address of the function that a CPU enters which waits for a lock that another one has. */
  contended?: bigint;
  schedule: Schedule;
  /** Aborts when the work has ended. */
  ended: AbortSignal;
  /** A signal for a run in which the machine does nothing at all: neither a visit nor a tick within its time. */
  stuck: () => AbortSignal;
}

export interface Visit {
  /** From 0, as in the kernel. */
  cpu: number;
  point: string;
  /** Visits that it was to be held for. */
  held?: number;
  /**
   * The hold ended early: `lock`, somebody waits for a lock, which the held CPU may have; `ticks`, nobody else came to
   * a point; `stuck`, nothing moved at all.
   */
  cut?: 'lock' | 'ticks' | 'stuck';
}

/** So many ticks without a visit, and whoever runs waits for somebody else; twice as many, for one that is held. */
const patience = 4;

/** @returns every visit, in order. @throws what `cpus` throws */
export async function drive(cpus: SteeredCpus, course: Course): Promise<Visit[]> {
  const { points, tick, idle, contended, ended, schedule } = course;
  /** In the order in which they get to run. */
  const threads: string[] = [];
  for await (const thread of cpus.threads()) threads.push(thread);
  const numbers = new Map(threads.map((thread, cpu) => [thread, cpu]));
  const preemptions = new Map(schedule.preemptions.map(({ visit, hold }) => [visit, hold]));
  const visits: Visit[] = [];
  /** Held threads: visits to go, the visit that it is held at, and where that is. */
  const held = new Map<string, { left: number; visit: Visit; at: bigint }>();
  const asleep = new Set<string>();
  let ticks = 0;

  const release = async (thread: string, cut?: Visit['cut']) => {
    const { visit, at } = held.get(thread)!;
    if (cut) visit.cut = cut;
    held.delete(thread);
    await cpus.leave(thread, at);
  };
  const releaseAll = async (cut: Visit['cut']) => {
    for (const thread of [...held.keys()]) await release(thread, cut);
  };
  const waitsFor = (thread: string) => cpus.waitsFor(numbers.get(thread)!);
  /** Who ran comes last, and those that an interrupt waits for are awake. */
  const rotate = async (thread: string) => {
    for (const other of asleep) if ((await waitsFor(other)).pending) asleep.delete(other);
    threads.splice(threads.indexOf(thread), 1);
    threads.push(thread);
  };
  const urgent = schedule.urgent === undefined ? undefined : threads[schedule.urgent];
  const next = async (): Promise<string[]> => {
    if (urgent !== undefined && asleep.has(urgent) && (await waitsFor(urgent)).pending) {
      asleep.delete(urgent);
      threads.unshift(...threads.splice(threads.indexOf(urgent), 1));
    }
    const free = threads.filter((thread) => !held.has(thread));
    const awake = free.find((thread) => !asleep.has(thread));
    if (awake !== undefined) return [awake];
    let [first, soonest]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const thread of free) {
      const { pending, timerNs = Number.POSITIVE_INFINITY } = await waitsFor(thread);
      if (pending) return [thread];
      if (timerNs < soonest) [first, soonest] = [thread, timerNs];
    }
    // If none has a timer, only a device can wake one.
    return first === undefined ? free : [first];
  };

  for (const address of new Set([...points.keys(), tick, ...idle, ...(contended ? [contended] : [])]))
    await cpus.setBreakpoint(address);
  for (const thread of threads) if (await cpus.halted(numbers.get(thread)!)) asleep.add(thread);
  while (!ended.aborted) {
    const free = await next();
    const stop = await cpus.run(free, AbortSignal.any([ended, course.stuck()]));
    if (stop.why === 'asked' || stop.thread === undefined) {
      if (ended.aborted) break;
      await releaseAll('stuck');
      await rotate(free[0]!);
      continue;
    }
    const { thread } = stop;
    const at = await cpus.instructionPointer(thread);
    const point = points.get(at);
    if (point === undefined) {
      if (idle.has(at)) asleep.add(thread);
      else asleep.delete(thread);
      await cpus.leave(thread, at);
      if (at === contended) {
        await releaseAll('lock');
        await rotate(thread);
      }
      if (at !== tick) continue;
      ticks += 1;
      if (ticks % patience === 0) await rotate(thread);
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
      held.set(thread, { left: hold, visit, at });
    } else await cpus.leave(thread, at);
  }
  return visits;
}
