/**
 * Runs a schedule: at each visit of a point by a CPU the machine stands still, and the schedule says whether that CPU
 * is held while the others go on. All that counts is the machine's own: visits, and its time. So the same schedule on
 * the same machine takes the same way.
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
  setBreakpoint(address: bigint): Promise<void>;
  /** Lets this one go, for so long at most. */
  run(thread: string, forNs: number, until: AbortSignal): Promise<SteeredStop>;
  /** Takes a CPU over the breakpoint that it stands at. */
  leave(thread: string, address: bigint): Promise<unknown>;
  /** Whether it stands in `hlt`. */
  halted(cpu: number): Promise<boolean>;
  /** What one that idles waits for: whether an interrupt is there, and when its timer fires. */
  waitsFor(cpu: number): Promise<{ pending: boolean; timerNs?: number }>;
}

export interface SteeredStop {
  /** The breakpoint that it came to; absent where its time is over, or `until` has aborted. */
  at?: bigint;
  /** Of the machine's time since it was let go. */
  ns: number;
}

export interface Course {
  points: ReadonlyMap<bigint, string>;
  /** Address of a function that is entered when the work begins, where the first CPU stands, and when it has ended. */
  bounds: bigint;
  /** Addresses of functions that a CPU enters which has nothing to do. */
  idle: ReadonlySet<bigint>;
  /** Address of the function that a CPU enters which waits for a lock that another one has. */
  contended?: bigint;
  schedule: Schedule;
  /** Of the machine's time: work that takes longer is given up. */
  longestNs: number;
  /** Aborts when all has been said. */
  ended: AbortSignal;
}

export interface Visit {
  /** From 0, as in the kernel. */
  cpu: number;
  point: string;
  /** Visits that it was to be held for. */
  held?: number;
  /** The hold ended early: `lock`, somebody waits for a lock, which the held CPU may have; `time`, nobody else came. */
  cut?: 'lock' | 'time';
}

/** So long without a visit, and whoever runs waits for somebody else; twice as long, for one that is held. */
const turnNs = 16_000_000;
/** What a CPU's sleep counts, however long it is; and how often an urgent one is looked for. */
const tickNs = 4_000_000;

/** @returns every visit up to the end of the work, in order. @throws what `cpus` throws */
export async function drive(cpus: SteeredCpus, course: Course): Promise<Visit[]> {
  const { points, bounds, idle, contended, ended, schedule } = course;
  /** In the order in which they get to run. */
  const threads: string[] = [];
  for await (const thread of cpus.threads()) threads.push(thread);
  const numbers = new Map(threads.map((thread, cpu) => [thread, cpu]));
  const preemptions = new Map(schedule.preemptions.map(({ visit, hold }) => [visit, hold]));
  const visits: Visit[] = [];
  /** Held threads: visits to go, the visit that it is held at, and where that is. */
  const held = new Map<string, { left: number; visit: Visit; at: bigint }>();
  const asleep = new Set<string>();
  /** Without a visit; of that, in the turn of whoever runs. */
  let [quietNs, inTurnNs, totalNs] = [0, 0, 0];
  let inTurn: string | undefined;
  let working = false;
  let over = false;

  const release = async (thread: string, cut?: Visit['cut']) => {
    const { visit, at } = held.get(thread)!;
    if (cut) visit.cut = cut;
    held.delete(thread);
    await cpus.leave(thread, at);
  };
  const releaseAll = async (cut?: Visit['cut']) => {
    for (const thread of [...held.keys()]) await release(thread, cut);
  };
  const waitsFor = (thread: string) => cpus.waitsFor(numbers.get(thread)!);
  /** Who ran comes last, and those that an interrupt waits for are awake. */
  const rotate = async (thread: string) => {
    inTurn = undefined;
    for (const other of asleep) if ((await waitsFor(other)).pending) asleep.delete(other);
    threads.splice(threads.indexOf(thread), 1);
    threads.push(thread);
  };
  const urgent = schedule.urgent === undefined ? undefined : threads[schedule.urgent];
  /** Who goes on, and how long it sleeps before. */
  const next = async (): Promise<{ thread: string; sleepNs?: number }> => {
    if (urgent !== undefined && asleep.has(urgent) && (await waitsFor(urgent)).pending) {
      asleep.delete(urgent);
      threads.unshift(...threads.splice(threads.indexOf(urgent), 1));
    }
    const free = threads.filter((thread) => !held.has(thread));
    const awake = free.find((thread) => !asleep.has(thread));
    if (awake !== undefined) return { thread: awake };
    // If none has a timer, only a device can wake one, and that is seen when the turn is over.
    let first: { thread: string; sleepNs?: number } = { thread: free[0]! };
    for (const thread of free) {
      const { pending, timerNs: sleepNs } = await waitsFor(thread);
      if (pending) return { thread };
      if (sleepNs !== undefined && sleepNs < (first.sleepNs ?? Number.POSITIVE_INFINITY))
        first = { thread, sleepNs };
    }
    return first;
  };

  const breakpoints = [...points.keys(), bounds, ...idle, ...(contended === undefined ? [] : [contended])];
  for (const address of new Set(breakpoints)) await cpus.setBreakpoint(address);
  for (const thread of threads) if (await cpus.halted(numbers.get(thread)!)) asleep.add(thread);
  while (!ended.aborted && totalNs < course.longestNs) {
    const { thread, sleepNs } = await next();
    if (thread !== inTurn) inTurnNs = 0;
    inTurn = thread;
    const left = urgent === undefined ? turnNs - inTurnNs : Math.min(tickNs, turnNs - inTurnNs);
    const { at, ns } = await cpus.run(thread, (sleepNs ?? 0) + left, ended);
    if (ended.aborted) break;
    totalNs += ns;
    const counted = sleepNs === undefined ? ns : Math.min(ns, tickNs);
    quietNs += counted;
    inTurnNs += counted;
    const point = at === undefined || over ? undefined : points.get(at);
    if (at !== undefined && point !== undefined) {
      const visit: Visit = { cpu: numbers.get(thread)!, point };
      const hold = preemptions.get(visits.length);
      visits.push(visit);
      asleep.delete(thread);
      quietNs = 0;
      inTurnNs = 0;
      for (const [other, one] of [...held]) {
        one.left -= 1;
        if (one.left === 0) await release(other);
      }
      // The last one that runs is never held.
      if (hold !== undefined && held.size + 1 < threads.length) {
        visit.held = hold;
        held.set(thread, { left: hold, visit, at });
      } else await cpus.leave(thread, at);
      continue;
    }
    if (at !== undefined && idle.has(at)) asleep.add(thread);
    else asleep.delete(thread);
    if (at !== undefined) await cpus.leave(thread, at);
    if (at === bounds) {
      // What is still said may be said by one that is held.
      if (working) {
        over = true;
        await releaseAll();
      }
      working = true;
    }
    if (at === contended) await releaseAll('lock');
    if (at === contended || inTurnNs >= turnNs) await rotate(thread);
    if (quietNs >= 2 * turnNs) {
      quietNs = 0;
      await releaseAll('time');
    }
  }
  return visits;
}
