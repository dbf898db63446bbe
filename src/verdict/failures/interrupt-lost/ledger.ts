/** The interrupts of the race in the ledger, where the lab keeps one: QEMU's devices and APICs against the handlers that ran. */
import type { Entry } from '../../../model/ledger/book.ts';
import { ofHarness } from '../../pointers.ts';
import { type RunLedger, runLedger } from '../../run-ledger.ts';
import type { ChainStep, Finding } from '../../types.ts';
import { type RaceFacts, wentAsPlanned } from './facts.ts';

interface Page {
  irq: number;
  raised: number;
  delivered: number;
  handled: number;
  /** Nobody's handler ran for it, and nothing excuses that; or its irq was freed and requested again meanwhile. */
  gone: Entry[];
  /** The ledger can tell what became of each. */
  whole: boolean;
  ledger: RunLedger;
}

function pageOf(facts: RaceFacts): Page | undefined {
  const irq = facts.raced?.irq;
  const ledger = runLedger(facts);
  const row = ledger?.result.rows.find((each) => each.irq === irq);
  if (!ledger || !row || irq === undefined) return undefined;
  const { raised, sent, counts } = row;
  const gone = ledger.result.entries.filter(
    (entry) => entry.irq === irq && (entry.outcome === 'lost' || entry.discarded),
  );
  return {
    ...{ irq, raised, gone, ledger, handled: counts.handled, delivered: sent - counts.coalesced },
    whole: counts.unknown === 0 && counts['in-flight'] === 0,
  };
}

/** Undefined where there is no ledger, or nothing is missing in it. */
export function ledgerStep(facts: RaceFacts): ChainStep | undefined {
  const page = pageOf(facts);
  if (!page || page.gone.length === 0) return undefined;
  const { irq, raised, delivered, handled, gone, ledger } = page;
  const discarded = gone.filter((entry) => entry.discarded).length;
  const ends = [
    ...(discarded > 0 ? [`${discarded} discarded while the irq was freed and requested again`] : []),
    ...(gone.length > discarded ? [`${gone.length - discarded} lost`] : []),
  ];
  return {
    text: `In the ledger of irq ${irq}, from the device to the handler: ${raised} raised, ${delivered} delivered, ${handled} handled, ${ends.join(', ')}.`,
    seen: true,
    rule: 'INTERRUPT-HANDLED',
    evidence: ledger.evidence(gone),
  };
}

/** What the device's owner missed is what the ledger misses: the one counts eventfds, the other handlers. */
export function ledgerContradicts(facts: RaceFacts): Finding[] {
  const page = pageOf(facts);
  const end = facts.counts('end');
  if (!page?.whole || !end || !wentAsPlanned(facts)) return [];
  const missed = end.raised - (end.handled - (end.spurious ?? 0));
  if (missed === page.gone.length) return [];
  return [
    {
      id: 'evidence-contradicts',
      severity: 'infrastructure',
      title: `The owner of ${facts.raced!.function} missed ${missed} interrupts, and the ledger ${page.gone.length}`,
      text: 'One of the two did not see all. Nothing is said about the kernel.',
      evidence: [ofHarness(end), ...page.ledger.evidence(page.gone)],
      rule: 'INTERRUPT-HANDLED',
    },
  ];
}
