/** A race between two CPUs loses an interrupt: the order was forced, and a device waits for a handler that never ran. */
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { remedyUnproved } from '../../findings/remedy.ts';
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { ChainStep } from '../../types.ts';
import { isCured, type RaceAccount, raceAccount } from './account.ts';
import { handledBetween, outstanding, type RaceFacts, raceFacts, wentAsPlanned } from './facts.ts';
import { isOverwritten, lostCount, raceFindings } from './findings.ts';
import { ledgerContradicts, ledgerStep } from './ledger.ts';

export type { RaceAccount };

export function interruptLost(run: RunFacts): Account {
  const facts = raceFacts(run);
  const { race, raced, since } = facts;
  const lost = wentAsPlanned(facts) ? lostCount(facts) : 0;
  const overwritten = wentAsPlanned(facts) && isOverwritten(facts);
  const account = raceAccount(facts);
  return {
    findings: [...raceFindings(facts), ...ledgerContradicts(facts), ...remedyUnproved(facts, since)],
    since,
    happened:
      overwritten && race!.neighbour
        ? `No interrupt of ${raced!.function} is handled any more: its slot of vector_irq[] was wiped for a late one of ${race!.function}, which was taken away`
        : lost === 0
          ? undefined
          : overwritten
            ? `An interrupt of ${race!.function} is never handled, and none after it: its slot of vector_irq[] was overwritten`
            : `An interrupt of ${raced!.function} is never handled, and the device waits for that`,
    cleanBecause:
      race?.steps === 0
        ? 'Nobody was held, and every interrupt was handled'
        : 'The race was forced, and every interrupt was handled',
    cured: isCured(facts),
    chain: () => chain(facts),
    ...(account ? { race: account } : {}),
  };
}

/** The order of the CPUs as it was forced, then what became of the interrupt. */
function chain(facts: RaceFacts): ChainStep[] {
  const { race, raced, steps, messages } = facts;
  if (!race || !raced) return [];
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
              ? `${raced.function} has raised ${after.raised} interrupts and ${after.handled} were handled: it waits.`
              : `All ${after.raised} interrupts that ${raced.function} raised were handled.`,
            'RACE-LOST',
            [ofHarness(after)],
          ),
        ]
      : []),
    ...[ledgerStep(facts)].filter((each) => each !== undefined),
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
