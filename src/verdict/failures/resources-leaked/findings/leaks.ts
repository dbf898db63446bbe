/** Findings about what is left, or lacking, after devices came and went. */
import { compare, type Difference } from '../../../../model/leak/compare.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { LeakFacts, MomentFacts } from '../facts.ts';
import { holdingsOf } from '../holdings.ts';

/** Lines quoted of one difference, on either side. */
const quoted = 4;

export function leakFindings({ before, after }: LeakFacts): Finding[] {
  if (!before || !after) return [];
  const differences = compare(holdingsOf(before.inventory), holdingsOf(after.inventory));
  return differences.map((difference) => finding(difference, before, after));
}

function finding(found: Difference, before: MomentFacts, after: MomentFacts): Finding {
  const more = found.after > found.before;
  const what = found.what;
  const was = found.before === 0 ? 'none' : String(found.before);
  const is = found.after === 0 ? 'none' : String(found.after);
  return {
    id: more ? 'resource-leaked' : 'resource-lost',
    severity: 'error',
    title: more ? `Left behind: ${what}` : `Not there any more: ${what}`,
    text: `Before the faults ${was}, after them ${is}.`,
    evidence: [...lines(found.linesBefore, before), ...lines(found.linesAfter, after)],
    rule: found.rule,
  };
}

/** The last ones: what came last is what is left. */
function lines(found: readonly number[], moment: MomentFacts): Evidence[] {
  return found.slice(-quoted).map((line) => moment.at(line));
}
