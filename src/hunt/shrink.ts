/** A schedule that fails → one that still fails and holds as few CPUs, and as briefly, as can be. */
import type { Preemption, Schedule } from './schedule.ts';

export interface Shrunk {
  schedule: Schedule;
  /** Schedules that were tried on the way. */
  tries: number;
  /** Nothing smaller was left to try: no preemption can be left out, none shortened by one. */
  minimal: boolean;
}

/**
 * First preemptions are left out, then holds are halved and shortened by one. Each step is kept if the failure stays.
 * @param fails runs a schedule; a run without an answer counts as one that does not fail
 * @param mostTries runs cost seconds: after so many the smallest so far is the answer
 */
export async function shrink(
  schedule: Schedule,
  fails: (candidate: Schedule) => Promise<boolean>,
  mostTries: number,
): Promise<Shrunk> {
  let smallest = schedule;
  let tries = 0;
  const tried = new Set<string>();
  for (;;) {
    const next = candidates(smallest).filter((candidate) => !tried.has(key(candidate)));
    let found: Schedule | undefined;
    for (const candidate of next) {
      if (tries === mostTries) return { schedule: smallest, tries, minimal: false };
      tries += 1;
      tried.add(key(candidate));
      if (await fails(candidate)) {
        found = candidate;
        break;
      }
    }
    if (!found) return { schedule: smallest, tries, minimal: true };
    smallest = found;
  }
}

/** Smaller schedules, the boldest step first. */
function candidates(schedule: Schedule): Schedule[] {
  const without = schedule.map((_, i) => schedule.filter((_, j) => j !== i));
  const held = (hold: (p: Preemption) => number) =>
    schedule.flatMap((preemption, i): Schedule[] => {
      const shorter = hold(preemption);
      return shorter >= 1 && shorter < preemption.hold
        ? [schedule.with(i, { ...preemption, hold: shorter })]
        : [];
    });
  return [...without, ...held(() => 1), ...held(({ hold }) => hold >> 1), ...held(({ hold }) => hold - 1)];
}

function key(schedule: Schedule): string {
  return schedule.map(({ visit, hold }) => `${visit}+${hold}`).join();
}
