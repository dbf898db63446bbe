/** Findings about the remedy: not shown to be carried out. What it did is in the findings about disks and slots. */
import { ofKind } from '../../../evidence/harness.ts';
import type { Finding } from '../../types.ts';
import type { DisksFacts } from './facts.ts';

export function remedyFindings({ plan, harness }: DisksFacts): Finding[] {
  const steps = plan.phases.filter((phase) => phase.name.startsWith('remedy')).flatMap((p) => p.actions);
  const done = ofKind(harness, 'remedy').filter((event) => event.state === 'end').length;
  const commands = ofKind(harness, 'command').length;
  const named = steps.filter((action) => action.do !== 'run').length;
  const run = steps.length - named;
  if (done >= named && commands >= run) return [];
  return [
    {
      id: 'remedy-unproved',
      severity: 'infrastructure',
      title: `Nothing shows that the remedy ${plan.remedy.id} was carried out`,
      text: `Of ${steps.length} steps the record has ${done} finished ones and ${commands} commands.`,
      evidence: [],
      rule: 'RUN-REMEDY',
    },
  ];
}
