/** Interrupts that a device of the host raised and no handler ever saw, where the run kept a ledger. */
import type { RunFacts } from '../facts.ts';
import { runLedger } from '../run-ledger.ts';
import type { Finding } from '../types.ts';

export function interruptFindings(facts: RunFacts): Finding[] {
  const ledger = runLedger(facts);
  if (!ledger || ledger.lost.length === 0) return [];
  const { lost, result } = ledger;
  const { sent, counts } = result.totals;
  return [
    {
      id: 'interrupt-unhandled',
      severity: 'error',
      title: `${lost.length} interrupt${lost.length === 1 ? '' : 's'} of the host raised and never handled`,
      text: `Of ${sent} messages ${counts.handled} were handled and ${counts.coalesced} coalesced. The first that was lost: ${lost[0]!.why}.`,
      evidence: ledger.evidence(lost),
      rule: 'INTERRUPT-HANDLED',
    },
  ];
}
