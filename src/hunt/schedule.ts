/**
 * Schedules of a hunt: where a CPU is preempted, and for how long. Everything follows from the seed.
 *
 * The few preemptions at uniformly drawn places are those of PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A
 * Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010): most races need one or two, and
 * with few the chance to draw the right ones has a bound that does not shrink with the program's length more than
 * it must. See {@link leastChance}.
 */

/** A CPU that comes to a point is held there while the others go on. */
export interface Preemption {
  /** Which visit of a point, of any point by any CPU: 0 is the first since the work began. */
  visit: number;
  /** So many visits of points by other CPUs later it goes on; at least 1. */
  hold: number;
}

/** In the order of their visits, each visit at most once. Empty: nothing is disturbed. */
export type Schedule = readonly Preemption[];

export interface ScheduleSpace {
  /** Visits that the undisturbed work makes. At least 1. */
  visits: number;
  /** Most preemptions in a schedule. At least 1. */
  most: number;
  /** Longest hold. At least 1. */
  longest: number;
}

/** The schedule of a seed (0 to 2^32 - 1): the same on every machine. */
export function scheduleOf(seed: number, { visits, most, longest }: ScheduleSpace): Schedule {
  const draw = generator(seed);
  const count = Math.min(visits, 1 + draw(most));
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(draw(visits));
  return [...chosen].sort((a, b) => a - b).map((visit) => ({ visit, hold: 1 + draw(longest) }));
}

/**
 * The chance of one run, at least, to find a failure that needs `preemptions` of them at certain visits, held for any
 * of `holds` lengths: a uniform choice of their number, of the visits and of each length.
 */
export function leastChance(space: ScheduleSpace, preemptions: number, holds: number): number {
  const { visits, most, longest } = space;
  if (preemptions > Math.min(most, visits)) return 0;
  let chance = 1 / most;
  // One of (visits choose preemptions) sets.
  for (let i = 0; i < preemptions; i += 1)
    chance *= ((i + 1) / (visits - i)) * (Math.min(holds, longest) / longest);
  return chance;
}

/** `12+3 40+1`: held at visit 12 for 3 others' visits, at 40 for one. */
export function scheduleText(schedule: Schedule): string {
  return schedule.map(({ visit, hold }) => `${visit}+${hold}`).join(' ') || 'nothing held';
}

/**
 * Whole numbers below a limit, from SplitMix32 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators",
 * OOPSLA 2014, with 32-bit words): good enough for any seed, and four lines. The bias of the remainder is below 2^-20
 * for limits under 4096.
 */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) % limit;
  };
}
