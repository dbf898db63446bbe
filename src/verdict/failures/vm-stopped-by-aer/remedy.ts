/** What a remedy did: prevented the failure, cured it, or nothing. */
import { ofKind } from '../../../evidence/harness.ts';
import { ofHarness, ofQmp } from '../../pointers.ts';
import { happenedSince } from '../../time.ts';
import type { Finding } from '../../types.ts';
import type { AerFacts } from './facts.ts';
import { trafficFacts, works } from './findings/traffic.ts';
import type { GuestFacts } from './guests.ts';

function remedyTried(facts: AerFacts): boolean {
  return facts.plan.remedy.id !== 'none';
}

/** RESUME after the stop, three witnesses that say it lives, and traffic from it that comes back. */
export function isBack(facts: AerFacts, guest: GuestFacts): boolean {
  const own = trafficFacts(facts).filter((traffic) => traffic.plan.from === guest.id);
  return guest.resume !== undefined && guest.end.say === 'alive' && own.every(({ after }) => works(after));
}

/** Findings about the remedy: not shown to be carried out, or a guest that came back by it. */
export function remedyFindings(facts: AerFacts, stopped: readonly GuestFacts[]): Finding[] {
  const findings: Finding[] = [];
  if (remedyTried(facts) && !wasCarriedOut(facts)) {
    findings.push({
      id: 'remedy-unproved',
      severity: 'infrastructure',
      title: `Nothing shows that the remedy ${facts.plan.remedy.id} was carried out`,
      text: 'The record has neither a finished step of it nor its traces in QMP.',
      evidence: [],
      rule: 'RUN-REMEDY',
    });
  }
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

/** A finished step on record, or what QMP shows of an unplug, a plug, a reset. */
function wasCarriedOut(facts: AerFacts): boolean {
  if (ofKind(facts.harness, 'remedy').some((event) => event.state === 'end')) return true;
  const actions = facts.plan.phases.flatMap((phase) => phase.actions.map((action) => action.do));
  const seen = [...facts.qmp].flatMap(([machine, events]) => (machine === 'host' ? [] : events));
  if (actions.includes('unplug')) return seen.some((event) => event.kind === 'device-deleted');
  if (actions.includes('reset-stopped-guest')) {
    return seen.some(
      (e) => e.kind === 'command' && e.name === 'system_reset' && happenedSince(e.t, 0, facts.faultTime),
    );
  }
  // Plain commands of a remedy leave their own record.
  return actions.includes('run') && ofKind(facts.harness, 'command').length > 0;
}
