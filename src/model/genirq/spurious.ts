/**
 * The spurious interrupt detector, one `step` an interrupt. Source: kernel/irq/spurious.c note_interrupt(), the
 * same from 4.18 to 7.2. What it means: a line on which more than 99,900 of 100,000 interrupts that came close
 * together were nobody's is switched off, and whoever shares it goes without.
 */

/** What the actions of the line returned together. `wake`: a thread was woken and no primary handler handled it. */
export type Returned = 'none' | 'handled' | 'wake' | 'handled-and-wake' | 'bogus';

export interface Detector {
  /** irq_count: interrupts since the last judgement, counted only while `unhandled` is above zero. */
  count: number;
  unhandled: number;
  /** Jiffies of the last unhandled one. */
  lastUnhandled: number;
  /** SPURIOUS_DEFERRED: a thread's answer is judged at the next interrupt. */
  deferred: boolean;
  /** threads_handled at the last judgement. */
  threadsHandledLast: number;
  disabled: boolean;
}

export interface Interrupt {
  returned: Returned;
  jiffies: number;
  /** desc->threads_handled when the interrupt comes. */
  threadsHandled?: number;
}

export interface DetectorOptions {
  hz: number;
  /** Boot option: off, `irqfixup` (1) or `irqpoll` (2). */
  irqfixup?: 0 | 1 | 2;
  /** With irqfixup: another line's handler took this one (misrouted_irq()). */
  foundElsewhere?: boolean;
}

export type Said = 'nobody-cared' | 'bogus-return' | undefined;

export const judgedAt = 100_000;
export const toleratedUnhandled = 99_900;

export function newDetector(): Detector {
  return {
    count: 0,
    unhandled: 0,
    lastUnhandled: Number.NEGATIVE_INFINITY,
    deferred: false,
    threadsHandledLast: 0,
    disabled: false,
  };
}

/** The state after one interrupt, and what the kernel says of it. */
export function step(
  before: Detector,
  interrupt: Interrupt,
  options: DetectorOptions,
): { after: Detector; said: Said } {
  const after = { ...before };
  if (interrupt.returned === 'bogus') return { after, said: 'bogus-return' };
  const judged = judge(after, interrupt);
  if (judged === undefined) return { after, said: undefined };
  if (judged === 'none') {
    const alone = interrupt.jiffies > after.lastUnhandled + Math.floor(options.hz / 10);
    after.unhandled = alone ? 1 : after.unhandled + 1;
    after.lastUnhandled = interrupt.jiffies;
  }
  if (judged === 'none' && options.irqfixup && options.foundElsewhere) after.unhandled -= 1;
  if (after.unhandled === 0) return { after, said: undefined };
  after.count += 1;
  if (after.count < judgedAt) return { after, said: undefined };
  after.count = 0;
  const stuck = after.unhandled > toleratedUnhandled;
  after.unhandled = 0;
  if (stuck) after.disabled = true;
  return { after, said: stuck ? 'nobody-cared' : undefined };
}

/** Handled or not; undefined: to be judged at the next interrupt. Sets the thread's half of the state. */
function judge(state: Detector, { returned, threadsHandled = 0 }: Interrupt): 'none' | 'handled' | undefined {
  if (returned === 'handled-and-wake') {
    state.deferred = false;
    return 'handled';
  }
  if (returned !== 'wake') return returned === 'none' ? 'none' : 'handled';
  if (!state.deferred) {
    state.deferred = true;
    return undefined;
  }
  const answered = threadsHandled !== state.threadsHandledLast;
  state.threadsHandledLast = threadsHandled;
  return answered ? 'handled' : 'none';
}

/**
 * Time from the first unhandled interrupt of a line that nobody handles to its end.
 * @param perSecond interrupts of the line per second; they must come closer than 100 ms, or nothing trips
 */
export function secondsToTrip(perSecond: number): number {
  return perSecond > 10 ? (judgedAt - 1) / perSecond : Number.POSITIVE_INFINITY;
}
