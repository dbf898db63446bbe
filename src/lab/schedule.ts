/** A variant's schedule and invariants → what the plan says of them: every moment, computed from the seed. */
import { wordsOf } from '../faults/schema.ts';
import { durationMs } from './duration.ts';
import type { InvariantPlan, ScheduledFault } from './plan.ts';
import { seededRandom, seedFor } from './random.ts';
import type { Lab } from './schema.ts';
import type { Invariant, Scheduled } from './schema-schedule.ts';

/** Only what draws needs a seed; the same faults then come at the same moments. */
export function drawsLots(lab: Lab, variantId: string): boolean {
  return lab.variants[variantId]!.faults.some((entry) => {
    if (typeof entry !== 'string' && entry.random) return true;
    return wordsOf(lab.faults[typeof entry === 'string' ? entry : entry.fault]!).draws;
  });
}

/** Entries with a schedule, in the order of the lab. */
export function scheduleOf(lab: Lab, variantId: string, seed: number): ScheduledFault[] {
  return lab.variants[variantId]!.faults.flatMap((entry) =>
    typeof entry === 'string' ? [] : [scheduled(lab, entry, seed)],
  );
}

function scheduled(lab: Lab, entry: Scheduled, seed: number): ScheduledFault {
  const { lasts } = wordsOf(lab.faults[entry.fault]!);
  const atMs = momentsOf(entry, lasts, seed);
  if (!lasts) return { fault: entry.fault, atMs };
  return { fault: entry.fault, atMs, durationMs: durationMs(entry.during!) };
}

function momentsOf(entry: Scheduled, lasts: boolean, seed: number): number[] {
  const begin = entry.at === undefined ? 0 : durationMs(entry.at);
  if (entry.random) {
    const random = seededRandom(seedFor(seed, 'moments', entry.fault));
    const within = durationMs(entry.random.within);
    const drawn = Array.from({ length: entry.random.times }, () => Math.floor(random() * within));
    return drawn.map((ms) => begin + ms).sort((a, b) => a - b);
  }
  if (entry.every === undefined) return [begin];
  const every = durationMs(entry.every);
  const times = entry.times ?? (lasts ? 1 : Math.max(1, Math.floor(durationMs(entry.during!) / every)));
  return Array.from({ length: times }, (_, i) => begin + i * every);
}

/** When the last fault of a schedule is over, in milliseconds since the faults began. */
export function endOf(schedule: readonly ScheduledFault[]): number {
  return Math.max(0, ...schedule.map(({ atMs, durationMs: lasts = 0 }) => atMs.at(-1)! + lasts));
}

/** The lab's, then the variant's own. */
export function invariantsOf(lab: Lab, variantId: string): InvariantPlan[] {
  return [...lab.invariants, ...lab.variants[variantId]!.invariants].map(invariantPlan);
}

function invariantPlan(invariant: Invariant): InvariantPlan {
  const { guestAnswers, traffic, globalAvailable, ledgerBalanced } = invariant;
  const every = { everyMs: durationMs(invariant.every) };
  const common = { ...every, withinMs: durationMs(invariant.within) };
  if (guestAnswers !== undefined)
    return { id: `${guestAnswers}-answers`, kind: 'guest-answers', guest: guestAnswers, ...common };
  if (traffic !== undefined) return { id: `traffic-${traffic}`, kind: 'traffic', traffic, ...common };
  if (globalAvailable)
    return { id: 'global-available', kind: 'global-available', atLeast: globalAvailable.atLeast, ...common };
  return {
    id: 'ledger-balanced',
    kind: 'ledger-balanced',
    ...every,
    withinMs: durationMs(ledgerBalanced!.within),
  };
}
