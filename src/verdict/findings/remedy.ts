/** A remedy counts only if it was carried out. */
import { ofKind } from '../../evidence/harness.ts';
import type { RunFacts } from '../facts.ts';
import { happenedSince } from '../time.ts';
import type { Finding } from '../types.ts';

/** @param since harness time of the first fault */
export function remedyUnproved(facts: RunFacts, since: number): Finding[] {
  if (facts.plan.remedy.id === 'none' || wasCarriedOut(facts, since)) return [];
  return [
    {
      id: 'remedy-unproved',
      severity: 'infrastructure',
      title: `Nothing shows that the remedy ${facts.plan.remedy.id} was carried out`,
      text: 'The record has neither a finished step of it nor its traces in QMP.',
      evidence: [],
      rule: 'RUN-REMEDY',
    },
  ];
}

/** A finished step on record, or what QMP shows of an unplug, a plug, a reset. */
function wasCarriedOut(facts: RunFacts, since: number): boolean {
  if (ofKind(facts.harness, 'remedy').some((event) => event.state === 'end')) return true;
  const actions = facts.plan.phases.flatMap((phase) => phase.actions.map((action) => action.do));
  const seen = [...facts.qmp].flatMap(([machine, events]) => (machine === 'host' ? [] : events));
  if (actions.includes('unplug')) return seen.some((event) => event.kind === 'device-deleted');
  if (actions.includes('reset-stopped-guest')) {
    return seen.some(
      (e) => e.kind === 'command' && e.name === 'system_reset' && happenedSince(e.t, 0, since),
    );
  }
  // Plain commands of a remedy leave their own record.
  return actions.includes('run') && ofKind(facts.harness, 'command').length > 0;
}
