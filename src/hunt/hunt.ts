/** A hunt: many seeded schedules of one work, the hits shrunk. Runs are made by whoever calls; this decides which. */
import type { Visit } from './drive.ts';
import { rateText } from './rate.ts';
import { leastChance, undisturbed as nobodyHeld, type Schedule, scheduleOf } from './schedule.ts';
import { type Shrunk, shrink } from './shrink.ts';

export interface HuntRun {
  schedule: Schedule;
  /** `failed`: the work said so by its status, or the kernel panicked. `unfinished`: it did not end in its time. */
  outcome: 'passed' | 'failed' | 'unfinished';
  /** The work's status. */
  status?: number;
  visits: Visit[];
  /** What the machine said since the snapshot. */
  console: string[];
  /** Of this machine's time, from QEMU's start to its end. */
  ms: number;
}

export interface Hit {
  seed: number;
  run: HuntRun;
  /** Of the first few hits only: shrinking takes some ten runs. */
  shrunk?: Shrunk & { run: HuntRun; replay: Replay };
}

/** The smallest schedule run once more: `same` to the last byte of the console, else where it differs first. */
export type Replay = { same: true } | { same: false; line: number; outcome: HuntRun['outcome'] };

export interface HuntResult {
  /** The work with nobody held. If it fails already, nothing more is run. */
  undisturbed: HuntRun;
  /** Those that came to an end; hits among them. */
  runs: number;
  hits: Hit[];
  /** Seeds of runs that did not end: they say nothing. */
  unfinished: number[];
  /** Milliseconds for all runs but shrinking, jobs side by side. */
  ms: number;
}

export interface HuntOptions {
  seeds: readonly number[];
  preemptions: number;
  longest: number;
  /** Of the machine. */
  cpus: number;
  /** Runs side by side. */
  jobs: number;
  /** Hits that are shrunk, in the order of their seeds. */
  shrinkHits: number;
  run: (schedule: Schedule) => Promise<HuntRun>;
  /** Milliseconds, monotonic. */
  now: () => number;
  tell: (event: HuntEvent) => void;
}

export type HuntEvent =
  | { kind: 'undisturbed'; run: HuntRun }
  | { kind: 'run'; seed: number; run: HuntRun; done: number; of: number }
  | { kind: 'shrinking'; seed: number };

/** More tries than any schedule needs that holds three CPUs for eight visits each. */
const mostTries = 60;

/** @throws what `run` throws: the hunt is then over. */
export async function hunt(options: HuntOptions): Promise<HuntResult> {
  const { seeds, run, tell } = options;
  const undisturbed = await run(nobodyHeld);
  tell({ kind: 'undisturbed', run: undisturbed });
  const result: HuntResult = { undisturbed, runs: 0, hits: [], unfinished: [], ms: 0 };
  const visits = undisturbed.visits.length;
  if (undisturbed.outcome !== 'passed' || visits === 0) return result;
  const space = { visits, most: options.preemptions, longest: options.longest, cpus: options.cpus };

  const t0 = options.now();
  let done = 0;
  await sideBySide(options.jobs, seeds, async (seed) => {
    const one = await run(scheduleOf(seed, space));
    done += 1;
    if (one.outcome === 'unfinished') result.unfinished.push(seed);
    else result.runs += 1;
    if (one.outcome === 'failed') result.hits.push({ seed, run: one });
    tell({ kind: 'run', seed, run: one, done, of: seeds.length });
  });
  result.ms = options.now() - t0;
  result.hits.sort((a, b) => a.seed - b.seed);
  result.unfinished.sort((a, b) => a - b);

  await sideBySide(options.jobs, result.hits.slice(0, options.shrinkHits), async (hit) => {
    tell({ kind: 'shrinking', seed: hit.seed });
    hit.shrunk = await shrinkHit(hit.run, run);
  });
  return result;
}

/** Each once, in their order, so many at a time. */
async function sideBySide<T>(
  jobs: number,
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = all.values();
  const worker = async () => {
    for (const one of rest) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, all.length) }, worker));
}

async function shrinkHit(first: HuntRun, run: HuntOptions['run']): Promise<NonNullable<Hit['shrunk']>> {
  let smallest = first;
  const fails = async (candidate: Schedule) => {
    const tried = await run(candidate);
    if (tried.outcome === 'failed') smallest = tried;
    return tried.outcome === 'failed';
  };
  const shrunk = await shrink(first.schedule, fails, mostTries);
  return { ...shrunk, run: smallest, replay: compareRuns(smallest, await run(shrunk.schedule)) };
}

export function compareRuns(a: HuntRun, b: HuntRun): Replay {
  const length = Math.max(a.console.length, b.console.length);
  for (let line = 0; line < length; line += 1)
    if (a.console[line] !== b.console[line]) return { same: false, line: line + 1, outcome: b.outcome };
  return { same: true };
}

export interface Weight {
  /** `0 of 300: below 0.99 % at 95 %`; of the schedules of this hunt, which say nothing of a machine that is left alone. */
  rate: string;
  /** A failure that takes one preemption, however long, would be met by at least this share of the schedules. */
  onePreemption: number;
}

/** Undefined where no run came to an end. */
export function weigh(
  { undisturbed, hits, runs }: HuntResult,
  { preemptions, longest, cpus }: Pick<HuntOptions, 'preemptions' | 'longest' | 'cpus'>,
): Weight | undefined {
  if (runs === 0) return undefined;
  const space = { visits: undisturbed.visits.length, most: preemptions, longest, cpus };
  return { rate: rateText(hits.length, runs), onePreemption: leastChance(space, 1, longest) };
}
