/** What the model foretells of each start, held against what QEMU and the kernel did. */

import { type Fate, type FunctionFate, foresee, type World } from '../../../model/intx/foresee.ts';
import { heldLine } from '../../../model/intx/holders.ts';
import { vfioOwner } from '../../../model/vfio/triggers.ts';
import type { Attempt, IntxFacts } from './facts.ts';

export interface Forecast {
  attempt: Attempt;
  fate: Fate;
  /** What was otherwise, one sentence each. */
  misses: string[];
}

/** Undefined where the record does not hold what the model needs. */
export function forecasts(facts: IntxFacts): Forecast[] | undefined {
  const { policy, attempts, functions } = facts;
  if (!policy || functions.size === 0 || attempts.some(({ lines }) => !lines)) return undefined;
  const made: Forecast[] = [];
  for (const batch of batches(attempts)) {
    const world = worldOf(facts, batch[0]!);
    const fates = foresee(
      batch.map(({ guest }) => ({ guest, functions: functionsOf(facts, guest) })),
      world,
    );
    for (const [i, attempt] of batch.entries())
      made.push({ attempt, fate: fates[i]!, misses: missesOf(facts, attempt, fates[i]!) });
  }
  return made;
}

/** Starts with the same look at the lines before them: the model carries on from one to the next. */
function batches(attempts: readonly Attempt[]): Attempt[][] {
  return [...Map.groupBy(attempts, ({ lines }) => lines!.t).values()];
}

function worldOf({ policy, features, functions }: IntxFacts, { lines }: Attempt): World {
  const world = {
    nointxmask: policy!.nointxmask,
    condOneshotRequests: features.genirqCondOneshotRequests === true,
    hidesPinWithoutIrq: features.vfioHidesPinWithoutIrq === true,
    functions,
  };
  const held = lines!.rows
    .filter(({ irq, actions }) => /^\d+$/.test(irq) && actions.length > 0)
    .map(({ irq, actions, hwirq = '' }) => {
      const line = { irq: Number(irq), actions, edge: hwirq.endsWith('edge') };
      return [line.irq, heldLine(line, world)] as const;
    });
  return { ...world, lines: new Map(held) };
}

function functionsOf({ plan, probes, functions }: IntxFacts, guest: string) {
  const passed = plan.guests.find(({ id }) => id === guest)?.passthrough ?? [];
  return passed.flatMap(({ function: name }) => functions.get(probes.get(name)?.bdf ?? '') ?? []);
}

function missesOf(facts: IntxFacts, attempt: Attempt, fate: Fate): string[] {
  const { guest, event } = attempt;
  if (fate.starts !== 'unknown' && fate.starts !== event.started)
    return [
      `${guest} was to ${fate.starts ? 'start' : 'be refused'}, and ${event.started ? 'started' : 'was not started'}`,
    ];
  if (event.started) return fate.functions.flatMap((fn) => heldOtherwise(facts, guest, fn));
  const refused = fate.functions.find((fn) => fn.fate === 'refused');
  const { mismatch } = attempt;
  if (!refused || !mismatch) return [];
  const { fact } = mismatch;
  const checks: [what: string, foretold: string | number, seen: string | number][] = [
    ['the line', refused.irq, fact.irq],
    ['who asks', refused.asks.name, fact.newName],
    ['who has the line', refused.holder.name, fact.oldName],
  ];
  if (facts.features.genirqCondOneshotRequests !== 'unknown') {
    checks.push(['the flags asked with', hex(refused.asks.flags), hex(fact.newFlags)]);
    // How a driver of the host asked is not on record: by request_irq() or past it.
    if (vfioOwner(fact.oldName))
      checks.push(['the flags of the line', hex(refused.holder.flags), hex(fact.oldFlags)]);
  }
  return checks
    .filter(([, foretold, seen]) => foretold !== seen)
    .map(([what, foretold, seen]) => `${guest}: ${what} was to be ${foretold}, and is ${seen}`);
}

/** A line that was granted is in /proc/interrupts while the guest runs, unless its driver has turned to messages. */
function heldOtherwise(facts: IntxFacts, guest: string, fn: FunctionFate): string[] {
  const after = facts.lines('after-remedy') ?? facts.lines('after-guests');
  if (!after) return [];
  const own = after.rows.flatMap(({ irq, actions }) =>
    actions.flatMap((name) => {
      const owner = vfioOwner(name);
      return owner?.bdf === fn.bdf ? [{ irq: Number(irq), type: owner.type }] : [];
    }),
  );
  const lines = own.filter(({ type }) => type === 'intx').map(({ irq }) => irq);
  if (fn.fate === 'no-intx' && lines.length > 0)
    return [`${guest}: ${fn.bdf} was to ask for no INTx, and has line ${lines[0]}`];
  if (fn.fate === 'granted' && own.length === 0)
    return [`${guest}: ${fn.bdf} was to have line ${fn.irq}, and has none`];
  if (fn.fate === 'granted' && lines.length > 0 && !lines.includes(fn.irq))
    return [`${guest}: ${fn.bdf} was to have line ${fn.irq}, and has ${lines[0]}`];
  return [];
}

function hex(flags: number): string {
  return flags.toString(16).padStart(8, '0');
}
