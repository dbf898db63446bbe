/** What a storm needs besides the harness's proof: that its line was watched. */
import { noFault } from '../../../findings/faults.ts';
import { ofHarness } from '../../../pointers.ts';
import type { Finding } from '../../../types.ts';
import type { NobodyCaredFacts, StormFacts } from '../facts.ts';

export function watchFindings({ storms }: NobodyCaredFacts): Finding[] {
  return storms.length === 0 ? [noFault()] : storms.flatMap(unwatched);
}

/** Without the kernel's counts there is nothing to hold against the model. */
function unwatched({ id, injected, outlook, before, after, looks }: StormFacts): Finding[] {
  if (!injected || outlook) return [];
  const readings = [before, after].filter((event) => event !== undefined);
  return [
    {
      id: 'evidence-missing',
      severity: 'infrastructure',
      title: `The line was not watched during storm ${id}`,
      text: `There are ${looks.length} looks at it, and ${readings.length} of the two readings before and after. The program that raised it and looked on: ${injected.output.trim() || 'no word'}.`,
      evidence: [ofHarness(injected), ...readings.map(ofHarness)],
      rule: 'RUN-COMPLETE',
    },
  ];
}
