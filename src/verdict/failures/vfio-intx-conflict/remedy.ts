/** Findings about the remedy: not shown to be carried out. */
import { ofKind } from '../../../evidence/harness.ts';
import type { Finding } from '../../types.ts';
import type { IntxFacts } from './facts.ts';

export function remedyFindings({ plan, harness, attempts }: IntxFacts): Finding[] {
  const phases = plan.phases.filter(({ name }) => name.startsWith('remedy'));
  const begun = ofKind(harness, 'phase');
  const undone = phases.flatMap(({ name, actions }) => {
    const from = begun.find((event) => event.phase === name && event.state === 'begin')?.t ?? Infinity;
    const ended = ofKind(harness, 'remedy').filter(({ state, t }) => state === 'end' && t >= from);
    const commands = ofKind(harness, 'command').filter(({ exitCode, t }) => exitCode === 0 && t >= from);
    return actions.filter((action) => {
      if (action.do === 'start-guest')
        return !attempts.some(({ guest, event }) => guest === action.guest && event.t >= from);
      if (action.do === 'await-guest' || action.do === 'snapshot') return false;
      if (action.do === 'run') return !commands.some(({ command }) => command === action.command);
      return !ended.some(({ step }) => step === action.do);
    });
  });
  if (undone.length === 0) return [];
  return [
    {
      id: 'remedy-unproved',
      severity: 'infrastructure',
      title: `Nothing shows that the remedy ${plan.remedy.id} was carried out`,
      text: `The record does not show the end of ${undone.map((action) => action.do).join(', ')}.`,
      evidence: [],
      rule: 'RUN-REMEDY',
    },
  ];
}
