/** What a remedy did: prevented the failure, cured it, or nothing. */

import { remedyUnproved } from '../../findings/remedy.ts';
import { trafficFacts, works } from '../../findings/traffic.ts';
import { ofHarness, ofQmp } from '../../pointers.ts';
import type { Finding } from '../../types.ts';
import type { AerFacts } from './facts.ts';
import type { GuestFacts } from './guests.ts';

/** RESUME after the stop, three witnesses that say it lives, and traffic from it that comes back. */
export function isBack(facts: AerFacts, guest: GuestFacts): boolean {
  const own = trafficFacts(facts).filter((traffic) => traffic.plan.from === guest.id);
  return guest.resume !== undefined && guest.end.say === 'alive' && own.every(({ after }) => works(after));
}

/** Findings about the remedy: not shown to be carried out, or a guest that came back by it. */
export function remedyFindings(facts: AerFacts, stopped: readonly GuestFacts[]): Finding[] {
  const findings = remedyUnproved(facts, facts.faultTime);
  for (const guest of stopped.filter((g) => isBack(facts, g))) {
    findings.push({
      id: 'guest-restored',
      severity: 'info',
      title: `${guest.id} is back, with a function that works`,
      text: `QEMU resumed it ${(guest.resume!.t - guest.stop!.t).toFixed(1)} s after the stop; all three witnesses say that it lives.`,
      evidence: [ofQmp(guest.resume!), ...guest.end.answers.map((answer) => ofHarness(answer))],
      rule: 'VM-RESTORED',
    });
  }
  return findings;
}
