/** A guest is stopped by its QEMU because an error was reported somewhere on its function's bus. */
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { noFault } from '../../findings/faults.ts';
import { trafficFindings } from '../../findings/traffic.ts';
import { causalChain } from './chain.ts';
import { aerFacts } from './facts.ts';
import { confirmFault } from './findings/fault.ts';
import { guestFindings, predictedStops, wasStoppedByAer } from './findings/guests.ts';
import { recoveryFindings } from './findings/recovery.ts';
import { isBack, remedyFindings } from './remedy.ts';

export function vmStoppedByAer(run: RunFacts): Account {
  const facts = aerFacts(run);
  const stopped = facts.guests.filter(wasStoppedByAer);
  const predicted = predictedStops(facts);
  const owners = stopped.filter((guest) => predicted.has(guest.id)).map((guest) => guest.id);
  // A guest that a remedy should bring back is judged by its traffic; one that stays stopped is not.
  const downForGood = stopped.filter((guest) => !isBack(facts, guest) && !guest.resume);
  return {
    findings: [
      ...(facts.faults.length === 0 ? [noFault()] : []),
      ...guestFindings(facts),
      ...recoveryFindings(facts),
      ...remedyFindings(facts, stopped),
      ...trafficFindings(facts, new Set(downForGood.map((guest) => guest.id))),
    ],
    confirm: confirmFault(facts),
    since: facts.faultTime,
    happened:
      owners.length > 0 ? `An error report on the host made QEMU stop ${owners.join(', ')}` : undefined,
    cleanBecause: 'The fault took effect, every guest lives, and all traffic works',
    cured: stopped.every((guest) => isBack(facts, guest)),
    chain: () => causalChain(facts, stopped),
  };
}
