/** A guest that does not start, because the INTx line of a function of its has a user who does not share it. */
import { ofKind } from '../../../evidence/harness.ts';
import { refusal } from '../../../model/intx/refusal.ts';
import { vfioOwner } from '../../../model/vfio/triggers.ts';
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { causalChain } from './chain.ts';
import { holderLabel, type IntxFacts, intxFacts, label } from './facts.ts';
import { isRefused, list, probeFindings, sharingFindings, startFindings } from './findings.ts';
import { allWell, guestFindings } from './guests.ts';
import { predictionFindings } from './prediction.ts';
import { remedyFindings } from './remedy.ts';

export function vfioIntxConflict(run: RunFacts): Account {
  const facts = intxFacts(run);
  return {
    findings: [
      ...startFindings(facts),
      ...sharingFindings(facts),
      ...probeFindings(facts),
      ...predictionFindings(facts),
      ...guestFindings(facts),
      ...remedyFindings(facts),
    ],
    since: ofKind(run.harness, 'guest-start')[0]?.t0 ?? 0,
    happened: happened(facts),
    cleanBecause: cleanBecause(facts),
    cured: allWell(facts),
    chain: () => causalChain(facts),
  };
}

/** By three signs: QEMU ended with its words about a busy INTx, and the kernel’s log names that function and the other user. */
function happened(facts: IntxFacts): string | undefined {
  const refused = facts.attempts.find(isRefused);
  if (!refused?.mismatch || refusal(refused.mismatch.fact).why === undefined) return undefined;
  const { irq, newName, oldName } = refused.mismatch.fact;
  const asks = label(facts, vfioOwner(newName)?.bdf ?? newName);
  return `${refused.guest} was not started: the kernel refused ${asks} line ${irq}, which ${holderLabel(facts, oldName)} has`;
}

function cleanBecause(facts: IntxFacts): string {
  const names = facts.plan.guests.map(({ id }) => id);
  const shared = sharingFindings(facts)[0];
  return `${list(names)} ${names.length === 1 ? 'was' : 'were'} started${shared ? `: ${shared.title}` : ''}`;
}
