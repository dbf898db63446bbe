/** Interrupts that a device of the host raised and no handler ever saw, where the run kept a ledger. */
import type { Entry } from '../../model/ledger/book.ts';
import type { RunFacts } from '../facts.ts';
import { type RunLedger, runLedger } from '../run-ledger.ts';
import type { Finding } from '../types.ts';

export function interruptFindings(facts: RunFacts): Finding[] {
  const ledger = runLedger(facts);
  return ledger ? [...lostFindings(ledger), ...discardedFindings(ledger)] : [];
}

/**
 * An interrupt that arrives while its irq is freed and requested anew is discarded without a word: x86_vector_deactivate
 * leaves VECTOR_SHUTDOWN, and common_interrupt acknowledges what finds it. A driver stops its device before it frees;
 * VFIO cannot. So it happens on every kernel to whoever switches triggers under traffic, and what depends on that one
 * interrupt hangs; most devices raise again. It is a warning, which a clean verdict says in its reason: an error would
 * make the verdict of a churn a matter of luck.
 */
function discardedFindings({ discarded, result, evidence }: RunLedger): Finding[] {
  if (discarded.length === 0) return [];
  const names = new Set(discarded.map(({ irq }) => nameOf(result, irq)));
  return [
    {
      id: 'interrupt-discarded',
      severity: 'warning',
      title: `${count(discarded)} ${discarded.length === 1 ? 'was' : 'were'} discarded while the irq was freed and requested again (${[...names].join('; ')})`,
      text: `${discarded[0]!.why}. A device that waits for an answer to just this one would wait for ever.`,
      evidence: evidence(discarded),
      rule: 'INTERRUPT-DISCARDED',
    },
  ];
}

function nameOf({ rows }: RunLedger['result'], irq: number | undefined): string {
  return rows.find((row) => row.irq === irq)?.name ?? 'no known irq';
}

const count = ({ length }: readonly Entry[]) => `${length} interrupt${length === 1 ? '' : 's'} of the host`;

function lostFindings({ lost, result, evidence }: RunLedger): Finding[] {
  if (lost.length === 0) return [];
  const { sent, counts } = result.totals;
  return [
    {
      id: 'interrupt-unhandled',
      severity: 'error',
      title: `${count(lost)} raised and never handled`,
      text: `Of ${sent} messages ${counts.handled} were handled and ${counts.coalesced} coalesced. The first that was lost: ${lost[0]!.why}.`,
      evidence: evidence(lost),
      rule: 'INTERRUPT-HANDLED',
    },
  ];
}
