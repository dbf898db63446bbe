/** Findings about the remedy: not shown to be carried out. What it did is in the findings about disks and slots. */
import { ofKind } from '../../../evidence/harness.ts';
import type { Finding } from '../../types.ts';
import type { DisksFacts } from './facts.ts';

export function remedyFindings({ plan, harness }: DisksFacts): Finding[] {
  const steps = plan.phases.filter((phase) => phase.name.startsWith('remedy')).flatMap((p) => p.actions);
  const ended = ofKind(harness, 'remedy').filter((event) => event.state === 'end');
  const commands = ofKind(harness, 'command').filter((event) => event.exitCode === 0);
  const undone = steps.filter((action) =>
    action.do === 'run'
      ? !commands.some((event) => event.command.startsWith(action.command.slice(0, 80)))
      : !ended.some((event) => event.step === action.do),
  );
  if (undone.length === 0) return [];
  return [
    {
      id: 'remedy-unproved',
      severity: 'infrastructure',
      title: `Nothing shows that the remedy ${plan.remedy.id} was carried out`,
      text: `The record does not show the end of ${undone.length} of its ${steps.length} steps: ${undone.map((action) => action.do).join(', ')}.`,
      evidence: [],
      rule: 'RUN-REMEDY',
    },
  ];
}
