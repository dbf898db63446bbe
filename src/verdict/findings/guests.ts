/** Findings about guests that ought to live, for failures that are not about how one stops. */
import { ofKind } from '../../evidence/harness.ts';
import type { RunFacts } from '../facts.ts';
import { ofHarness } from '../pointers.ts';
import type { Finding } from '../types.ts';
import { answersAt, type WitnessAnswers } from '../witnesses.ts';

/** Of each guest what its witnesses said last. */
export function livingFindings(facts: RunFacts): Finding[] {
  return facts.plan.guests.flatMap(({ id }): Finding[] => {
    const last = lastAnswers(facts, id);
    if (last.say === 'alive') return [];
    const common = {
      text: words(last) || 'No witness answered after the fault.',
      evidence: last.answers.map(ofHarness),
      rule: 'VM-WITNESSES' as const,
    };
    if (last.say === 'dead')
      return [{ id: 'guest-lost', severity: 'error', title: `${id} does not live`, ...common }];
    const [finding, why] =
      last.say === 'split'
        ? (['witnesses-disagree', 'the witnesses disagree'] as const)
        : (['evidence-missing', 'not all three witnesses were asked'] as const);
    return [
      {
        id: finding,
        severity: 'infrastructure',
        title: `Whether ${id} lives is not known: ${why}`,
        ...common,
      },
    ];
  });
}

/** At the end, else after the fault. */
export function lastAnswers({ harness }: RunFacts, guest: string): WitnessAnswers {
  const asked = ofKind(harness, 'witness').filter((event) => event.machine === guest);
  const end = answersAt(asked, 'end');
  return end.answers.length > 0 ? end : answersAt(asked, 'after-fault');
}

function words({ answers }: WitnessAnswers): string {
  return answers
    .map((a) => `${a.witness}: ${a.alive ? 'alive' : 'dead'} (${a.answer.slice(0, 80)})`)
    .join('; ');
}
