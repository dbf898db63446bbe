/** A race between two CPUs loses an interrupt: the order was forced, and a device waits for a handler that never ran. */
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { remedyUnproved } from '../../findings/remedy.ts';
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { ChainStep } from '../../types.ts';
import { handledBetween, outstanding, type RaceFacts, raceFacts, wentAsPlanned } from './facts.ts';
import { isOverwritten, lostCount, raceFindings } from './findings.ts';

export interface RaceAccount {
  model: string;
  /** What the kernel and the remedy amount to, by the model's names of its variants. */
  cure: string;
  /** Problem → whether it was seen on the kernel in this order. A problem that was not may come in another. */
  seen: Record<string, boolean>;
}

export function interruptLost(run: RunFacts): Account {
  const facts = raceFacts(run);
  const { race, since } = facts;
  const lost = wentAsPlanned(facts) ? lostCount(facts) : 0;
  const account = raceAccount(facts);
  return {
    findings: [...raceFindings(facts), ...remedyUnproved(facts, since)],
    since,
    happened:
      lost === 0
        ? undefined
        : isOverwritten(facts)
          ? `An interrupt of ${race!.function} is never handled, and none after it: its slot of vector_irq[] was overwritten`
          : `An interrupt of ${race!.function} is never handled, and the device waits for that`,
    cleanBecause:
      race?.steps === 0
        ? 'Nobody was held, and every interrupt was handled'
        : 'The race was forced, and every interrupt was handled',
    cured: isCured(facts),
    chain: () => chain(facts),
    ...(account ? { race: account } : {}),
  };
}

/** Nothing waits any more, and what was raised afterwards came. */
function isCured(facts: RaceFacts): boolean {
  const later = handledBetween(facts, 'after-fault', 'end');
  const timeouts = (facts.counts('end')?.timeouts ?? 0) - (facts.counts('after-fault')?.timeouts ?? 0);
  return (
    later !== undefined &&
    later.raised > 0 &&
    later.handled >= later.raised &&
    timeouts === 0 &&
    outstanding(facts.counts('end')) === 0
  );
}

function raceAccount(facts: RaceFacts): RaceAccount | undefined {
  const { race: plan, phases } = facts.plan;
  const locked = facts.features.vectorSetupLocked;
  if (plan?.order.from !== 'explorer' || locked === 'unknown' || !wentAsPlanned(facts)) return undefined;
  const injects = phases.some(({ actions }) => actions.some((action) => action.do === 'inject-interrupt'));
  const cures = [...(locked ? ['locking'] : []), ...(injects ? ['inject'] : [])];
  return {
    model: plan.model,
    cure: cures.join('+') || 'none',
    seen: {
      'overwrite-vfio': isOverwritten(facts),
      'loss-vfio': lostCount(facts) > 0 && !(injects && isCured(facts)),
    },
  };
}

/** The order of the CPUs as it was forced, then what became of the interrupt. */
function chain(facts: RaceFacts): ChainStep[] {
  const { race, steps, messages } = facts;
  if (!race) return [];
  const told = steps.flatMap((step, i): ChainStep[] => {
    if (step.note === undefined) return [];
    const next = steps[i + 1];
    const slot =
      next?.verb === 'look' ? `; vector_irq[${race.vector}] of CPU${race.cpu} then: ${next.text}` : '';
    const evidence = [ofHarness(step), ...(next?.verb === 'look' ? [ofHarness(next)] : [])];
    return [{ text: `${step.note}${slot}.`, seen: true, rule: 'RACE-ORDER', evidence }];
  });
  const after = facts.counts('after-fault');
  const later = handledBetween(facts, 'after-fault', 'end');
  return [
    ...told,
    ...(after
      ? [
          step(
            outstanding(after) > 0
              ? `${race.function} has raised ${after.raised} interrupts and ${after.handled} were handled: it waits.`
              : `All ${after.raised} interrupts that ${race.function} raised were handled.`,
            'RACE-LOST',
            [ofHarness(after)],
          ),
        ]
      : []),
    ...(messages.length > 0
      ? [
          step(
            `Later interrupts find no handler: the kernel says so ${messages.length} time${messages.length === 1 ? '' : 's'}.`,
            'RACE-SLOT',
            messages.map(ofKernel),
          ),
        ]
      : []),
    ...(later
      ? [
          step(
            `Of ${later.raised} interrupts raised afterwards ${later.handled} were handled.`,
            'RACE-LOST',
            [ofHarness(facts.counts('end')!)],
          ),
        ]
      : []),
  ];
}

function step(text: string, rule: ChainStep['rule'], evidence: ChainStep['evidence']): ChainStep {
  return { text, seen: evidence.length > 0, rule, evidence };
}
