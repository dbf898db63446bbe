/** A schedule that fails → one that still fails and holds as few CPUs, and as briefly, as can be. */
import { type Preemption, plainShift, type Schedule, scheduleText } from './schedule.ts';

export interface Shrunk {
  schedule: Schedule;
  /** Schedules that were tried on the way. */
  tries: number;
  /** Nothing smaller was left to try: no preemption can be left out, none shortened by one. */
  minimal: boolean;
}

/**
 * First the clock and the priorities are left alone, then preemptions are left out, then holds are halved and
 * shortened by one. Each step is kept if the failure stays.
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
    const next = candidates(smallest).filter((candidate) => !tried.has(scheduleText(candidate)));
    let found: Schedule | undefined;
    for (const candidate of next) {
      if (tries === mostTries) return { schedule: smallest, tries, minimal: false };
      tries += 1;
      tried.add(scheduleText(candidate));
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
  const { preemptions, urgent, shift } = schedule;
  const plain: Schedule[] = [
    ...(shift === plainShift ? [] : [{ ...schedule, shift: plainShift }]),
    ...(urgent === undefined ? [] : [{ preemptions, shift }]),
  ];
  const without = preemptions.map((_, i) => preemptions.filter((_, j) => j !== i));
  const held = (hold: (p: Preemption) => number) =>
    preemptions.flatMap((preemption, i): Preemption[][] => {
      const shorter = hold(preemption);
      return shorter >= 1 && shorter < preemption.hold
        ? [preemptions.with(i, { ...preemption, hold: shorter })]
        : [];
    });
  const smaller = [
    ...without,
    ...held(() => 1),
    ...held(({ hold }) => hold >> 1),
    ...held(({ hold }) => hold - 1),
  ];
  return [...plain, ...smaller.map((fewer) => ({ ...schedule, preemptions: fewer }))];
}
