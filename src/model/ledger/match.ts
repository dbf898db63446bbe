/**
 * One vector of one CPU: which interrupt got which round of handlers. Between two fresh latches the CPU must have accepted
 * the first (its bit in IRR was clear again), and it accepts none while it is in the handler: so the round of interrupt i
 * comes after its latch and before that of interrupt i + 2 (SDM 3A 12.8.4; arch/x86/kernel/irq.c common_interrupt runs
 * with interrupts off). Within that, the cheapest course is taken for what happened: nothing left over, nothing late.
 */
import type { Message } from './device.ts';
import type { Round } from './kernel.ts';
import type { Interval } from './types.ts';

export interface Latch {
  message: Message;
  /** On the guest's clock; not before `soonest`, if the rates of the clocks do not wander. */
  at: Interval & { soonest: number };
}

export interface Matching {
  pairs: { latch: Latch; round: Round }[];
  /** Indices of interrupts without a round. */
  without: number[];
  /** Rounds without an interrupt: the kernel ran the handlers by itself. */
  unprompted: Round[];
}

/** What an interrupt or a round that is left over costs, in seconds that others would have to be late instead. */
const leftOver = 0.5;
/** Interrupts that may wait at once: one in its handler, one in IRR, one for the error of the clocks. */
const most = 3;
const states = most + 1;
/** Choice at a round: none of those that wait, or the oldest but `choice`, whose elders are left over. */
const none = -1;

/** @param latches fresh ones, and @param rounds those of this vector, both in order of time. */
export function match(latches: readonly Latch[], rounds: readonly Round[]): Matching {
  const steady = matchFrom(latches, rounds, 'soonest');
  // Too few and too many at once may be clocks that wandered: then the widest bound is tried.
  if (steady.without.length === 0 || steady.unprompted.length === 0) return steady;
  const wandering = matchFrom(latches, rounds, 'low');
  return wandering.without.length < steady.without.length ? wandering : steady;
}

function matchFrom(latches: readonly Latch[], rounds: readonly Round[], bound: 'soonest' | 'low'): Matching {
  const order = merged(latches, rounds, bound);
  let costs: number[] = [0, ...Array<number>(most).fill(Number.POSITIVE_INFINITY)];
  const choices: Int8Array[] = [];
  const from: Int8Array[] = [];
  let seen = 0;
  for (const at of order) {
    const next = Array<number>(states).fill(Number.POSITIVE_INFINITY);
    const choice = new Int8Array(states);
    const origin = new Int8Array(states);
    const offer = (to: number, cost: number, chosen: number, waiting: number) => {
      if (cost >= next[to]!) return;
      next[to] = cost;
      choice[to] = chosen;
      origin[to] = waiting;
    };
    for (let waiting = 0; waiting < states; waiting += 1) {
      const cost = costs[waiting]!;
      if (cost === Number.POSITIVE_INFINITY) continue;
      if (at >= 0)
        offer(Math.min(waiting + 1, most), cost + (waiting === most ? leftOver : 0), none, waiting);
      else {
        offer(waiting, cost + leftOver, none, waiting);
        for (let elders = 0; elders < waiting; elders += 1) {
          const latch = latches[seen - waiting + elders]!;
          const late = Math.max(0, rounds[-1 - at]!.time - latch.at[bound]);
          offer(waiting - elders - 1, cost + elders * leftOver + late, elders, waiting);
        }
      }
    }
    if (at >= 0) seen += 1;
    costs = next;
    choices.push(choice);
    from.push(origin);
  }
  return trace(latches, rounds, order, costs, choices, from);
}

/** Back along the cheapest course. */
function trace(
  latches: readonly Latch[],
  rounds: readonly Round[],
  order: readonly number[],
  costs: readonly number[],
  choices: readonly Int8Array[],
  from: readonly Int8Array[],
): Matching {
  let state = 0;
  for (let waiting = 1; waiting < states; waiting += 1)
    if (costs[waiting]! + waiting * leftOver < costs[state]! + state * leftOver) state = waiting;
  let seen = latches.length;
  const found = new Map<number, Round>();
  const unprompted: Round[] = [];
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const at = order[i]!;
    const waiting = from[i]![state]!;
    const choice = choices[i]![state]!;
    if (at >= 0) seen -= 1;
    else if (choice === none) unprompted.push(rounds[-1 - at]!);
    else found.set(seen - waiting + choice, rounds[-1 - at]!);
    state = waiting;
  }
  return {
    pairs: latches.flatMap((latch, i) => (found.has(i) ? [{ latch, round: found.get(i)! }] : [])),
    without: latches.flatMap((_, i) => (found.has(i) ? [] : [i])),
    unprompted: unprompted.reverse(),
  };
}

/** Both in one order of time: index of a latch, or −1 minus the index of a round. */
function merged(latches: readonly Latch[], rounds: readonly Round[], bound: 'soonest' | 'low'): number[] {
  const order: number[] = [];
  let next = 0;
  for (const [i, { at }] of latches.entries()) {
    while (next < rounds.length && rounds[next]!.time < at[bound]) order.push(-1 - next++);
    order.push(i);
  }
  while (next < rounds.length) order.push(-1 - next++);
  return order;
}
