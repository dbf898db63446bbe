/** Findings about the remedy: not shown to be carried out. What it did is in the findings about the line and the traffic. */
import { ofKind } from '../../../evidence/harness.ts';
import { ofKernel } from '../../pointers.ts';
import type { Finding } from '../../types.ts';
import type { NobodyCaredFacts } from './facts.ts';

export function remedyFindings(facts: NobodyCaredFacts): Finding[] {
  return [...undone(facts), ...unheard(facts)];
}

function unproved(id: string, text: string): Finding {
  return {
    id: 'remedy-unproved',
    severity: 'infrastructure',
    title: `Nothing shows that the remedy ${id} was carried out`,
    text,
    evidence: [],
    rule: 'RUN-REMEDY',
  };
}

function undone({ plan, harness }: NobodyCaredFacts): Finding[] {
  const steps = plan.phases.filter(({ name }) => name.startsWith('remedy')).flatMap((phase) => phase.actions);
  const commands = ofKind(harness, 'command').filter((event) => event.exitCode === 0);
  const missing = steps.filter(
    (action) =>
      action.do === 'run' && !commands.some((event) => event.command.startsWith(action.command.slice(0, 80))),
  );
  if (missing.length === 0) return [];
  return [
    unproved(
      plan.remedy.id,
      `The record does not show the end of ${missing.length} of its ${steps.length} steps.`,
    ),
  ];
}

/** A boot option that the kernel understood is in its log. */
function unheard({ plan, hostKernel }: NobodyCaredFacts): Finding[] {
  const words = plan.host.spec.cmdline.filter((word) => word === 'irqpoll' || word === 'irqfixup');
  const heard = hostKernel.find(({ event }) => event.kind === 'spurious-option');
  if (words.length === 0) return [];
  const is = heard?.event.kind === 'spurious-option' ? heard.event.option : undefined;
  if (is === words.at(-1)) return [];
  const finding = unproved(plan.remedy.id, `The kernel's log does not say that it took \`${words.at(-1)}\`.`);
  return [{ ...finding, evidence: heard ? [ofKernel(heard)] : [] }];
}
