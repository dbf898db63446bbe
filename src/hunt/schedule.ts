/**
 * Schedules of a hunt: where a CPU is preempted and for how long, whether one is more urgent than the others, and how
 * fast all are beside their timers. Everything follows from the seed.
 *
 * The few preemptions at uniformly drawn places are those of PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A
 * Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010): most races need one or two, and
 * with few the chance to draw the right ones has a bound that does not shrink with the program's length more than
 * it must. See {@link leastChance}. Half of the further ones are drawn close behind another, as in a race that takes
 * two CPUs the second is where it is because the first was held.
 */

/** A CPU that comes to a point is held there while the others go on. */
export interface Preemption {
  /** Which visit of a point, of any point by any CPU: 0 is the first since the work began. */
  visit: number;
  /** So many visits of points by other CPUs later it goes on; at least 1. */
  hold: number;
}

export interface Schedule {
  /** In the order of their visits, each visit at most once. */
  preemptions: readonly Preemption[];
  /** This CPU goes on at the first visit or tick at which an interrupt waits for it; the others when one idles. */
  urgent?: number;
  /** An instruction takes 2^shift ns. */
  shift: number;
}

/** Of a machine whose time nobody has changed: 250 million instructions a second, about what an emulated CPU does. */
export const plainShift = 2;
/** Of slower and faster CPUs: between two ticks of a timer they do half as much, or up to four times as much. */
export const shifts = [0, 1, plainShift, 3] as const;

/** Nobody is disturbed. */
export const undisturbed: Schedule = { preemptions: [], shift: plainShift };

export interface ScheduleSpace {
  /** Visits that the undisturbed work makes. At least 1. */
  visits: number;
  /** Most preemptions in a schedule. At least 1. */
  most: number;
  /** Longest hold. At least 1. */
  longest: number;
  /** Of the machine. At least 1. */
  cpus: number;
}

/** The schedule of a seed (0 to 2^32 - 1): the same on every machine. */
export function scheduleOf(seed: number, { visits, most, longest, cpus }: ScheduleSpace): Schedule {
  const draw = generator(seed);
  const count = Math.min(visits, 1 + draw(most));
  // Each second schedule leaves the priorities alone, and each second one the clock.
  const urgent = draw(2) === 0 ? undefined : draw(cpus);
  const shift = draw(2) === 0 ? plainShift : shifts[draw(shifts.length)]!;
  const chosen: number[] = [];
  while (chosen.length < count) {
    const close = chosen.length > 0 && draw(2) === 0;
    const visit = close ? chosen[draw(chosen.length)]! + short(draw, longest) : draw(visits);
    if (visit < visits && !chosen.includes(visit)) chosen.push(visit);
  }
  chosen.sort((a, b) => a - b);
  const preemptions = chosen.map((visit) => ({ visit, hold: short(draw, longest) }));
  return { preemptions, ...(urgent === undefined ? {} : { urgent }), shift };
}

/** From 1 to `longest`, the shorter the likelier: k with a chance of (1/k + … + 1/longest) / longest. */
function short(draw: (limit: number) => number, longest: number): number {
  return 1 + draw(1 + draw(longest));
}

/**
 * The chance of one run, at least, to find a failure that needs `preemptions` of them at certain visits, held for any
 * of `holds` lengths, whatever CPU is urgent, and however fast all are.
 */
export function leastChance(
  { visits, most, longest }: ScheduleSpace,
  preemptions: number,
  holds: number,
): number {
  if (preemptions > Math.min(most, visits)) return 0;
  let held = 0;
  // The least likely lengths.
  for (let length = longest - holds + 1; length <= longest; length += 1)
    for (let k = Math.max(1, length); k <= longest; k += 1) held += 1 / k / longest;
  let chance = 1 / most;
  // One of (visits choose preemptions) sets, each but the first drawn among all in half of the cases at least.
  for (let i = 0; i < preemptions; i += 1)
    chance *= ((i + 1) / (visits - i)) * (i === 0 ? 1 : 1 / 2) * Math.min(1, held);
  return chance;
}

/** `12+3 40+1`: held at visit 12 for 3 others' visits, at 40 for one; `CPU1 urgent` and `shift 3` where so. */
export function scheduleText({ preemptions, urgent, shift }: Schedule): string {
  const words = preemptions.map(({ visit, hold }) => `${visit}+${hold}`);
  if (urgent !== undefined) words.push(`CPU${urgent} urgent`);
  if (shift !== plainShift) words.push(`shift ${shift}`);
  return words.join(' ') || 'nobody held';
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
