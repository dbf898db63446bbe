/**
 * At which interrupt a line goes off, from what the kernel itself counts (/proc/irq/N/spurious) instead of from every
 * single interrupt, of which a storm has some 300,000 a second. The closed form of spurious.ts; a test holds one
 * against the other.
 */
import { judgedAt, toleratedUnhandled } from './spurious.ts';

/** One look at a line. */
export interface LineSample {
  /** Seconds, of one clock. */
  t: number;
  /** Of /proc/interrupts, all CPUs together. */
  interrupts: number;
  /** /proc/irq/N/spurious */
  count: number;
  unhandled: number;
}

/** A judgement that finds this many, or more, that do not count as unhandled lets the line pass. */
const enoughToPass = judgedAt - toleratedUnhandled;

/** Seconds without an unhandled interrupt that restart the count of unhandled ones: HZ/10 jiffies, less one. */
const gapSeconds = 0.096;

/**
 * Interrupts, from this state on, up to the first judgement, if nobody handles any.
 * @param threaded all that the line's handlers do is wake a thread: the first of them is judged with the next
 */
export function interruptsToJudgement(count: number, threaded: boolean): number {
  return judgedAt - count + (threaded ? 1 : 0);
}

export interface Storm {
  /** Right before its first interrupt. */
  before: LineSample;
  /** When it was over. */
  after: LineSample;
  /** In between, in order of time. */
  samples: readonly LineSample[];
  threaded: boolean;
  /** The kernel said that it switched the line off. */
  disabled: boolean;
}

export interface Outlook {
  /** Interrupts that came. */
  interrupts: number;
  /** The first judgement was due at this one. */
  firstJudgement: number;
  /** Judgements that the line passed, each with a reason that was seen. */
  passed: number;
  /** Largest number of unhandled ones in a row that was seen. */
  mostUnhandled: number;
  /** Absent: the kernel did what the model says. */
  departure?: string;
}

/** Holds what the kernel did against the model. */
export function compareStorm({ before, after, samples, threaded, disabled }: Storm): Outlook {
  const interrupts = after.interrupts - before.interrupts;
  const firstJudgement = interruptsToJudgement(before.count, threaded);
  const judgements =
    interrupts < firstJudgement ? 0 : 1 + Math.floor((interrupts - firstJudgement) / judgedAt);
  const passed = disabled ? Math.max(0, judgements - 1) : judgements;
  const mostUnhandled = Math.max(after.unhandled, ...samples.map(({ unhandled }) => unhandled));
  const outlook: Outlook = { interrupts, firstJudgement, passed, mostUnhandled };
  const boundary = (judgement: number) => before.interrupts + firstJudgement + judgement * judgedAt;
  const at = (judgement: number) => `interrupt ${firstJudgement + judgement * judgedAt}`;
  if (disabled && judgements === 0)
    return {
      ...outlook,
      departure: `it went off after ${interrupts} interrupts, and ${at(0)} is the first that can do that`,
    };
  if (disabled && interrupts !== firstJudgement + passed * judgedAt)
    return {
      ...outlook,
      departure: `it went off after ${interrupts} interrupts, between ${at(passed)} and ${at(passed + 1)}`,
    };
  for (let judgement = 0; judgement < passed; judgement += 1) {
    const window = samplesBetween([before, ...samples, after], boundary(judgement - 1), boundary(judgement));
    if (!mayPass(window))
      return { ...outlook, departure: `it was not switched off at ${at(judgement)}, and nothing shows why` };
  }
  if (disabled) {
    const last = samples.filter(({ interrupts: n }) => n >= boundary(passed - 1) && n < boundary(passed));
    const spared = last.find(isSpared);
    if (spared)
      return {
        ...outlook,
        departure: `it went off at ${at(passed)}, although ${spared.count - spared.unhandled} of ${spared.count} did not count as unhandled`,
      };
  }
  return outlook;
}

function isSpared({ count, unhandled }: LineSample): boolean {
  return count - unhandled >= enoughToPass;
}

/** Those inside, with the neighbour on either side: a gap may lie across the boundary. */
function samplesBetween(samples: readonly LineSample[], from: number, to: number): LineSample[] {
  const first = samples.findLastIndex(({ interrupts }) => interrupts < from);
  const end = samples.findIndex(({ interrupts }) => interrupts >= to);
  return samples.slice(Math.max(0, first), end < 0 ? undefined : end + 1);
}

/** A sample shows that enough did not count as unhandled, or a gap is possible that makes it so. */
function mayPass(window: readonly LineSample[]): boolean {
  if (window.slice(0, -1).some(isSpared)) return true;
  let still = window[0]!;
  for (const sample of window.slice(1)) {
    if (sample.interrupts === still.interrupts) continue;
    if (sample.t - still.t >= gapSeconds) return true;
    still = sample;
  }
  return false;
}
