/** Findings about the evidence itself: without both inventories and a whole trace nothing can be said to be back. */
import type { Finding } from '../../../types.ts';
import type { LeakFacts } from '../facts.ts';
import { countOf } from './vectors.ts';

export function evidenceFindings(facts: LeakFacts): Finding[] {
  const { before, after, trace } = facts;
  const lacking: string[] = [];
  if (!before) lacking.push('no whole inventory of the host from before the faults');
  if (!after) lacking.push('no whole inventory of the host from after the faults');
  if (!trace) lacking.push('no trace of the vectors');
  else if (!trace.summary.impossible) {
    if (!trace.summary.sinceBoot) lacking.push('the trace of the vectors is not whole since boot');
    for (const [moment, when] of [
      [before, 'before'],
      [after, 'after'],
    ] as const)
      if (moment && !(moment.trace && countOf(moment.trace)))
        lacking.push(`the trace does not tell the matrix ${when} the faults`);
  }
  return lacking.map((what) => ({
    id: 'evidence-missing',
    severity: 'infrastructure',
    title: `What became of the devices cannot be told: ${what}`,
    text: 'What was not counted cannot be said to have come back.',
    evidence: [before, after].flatMap((moment) => (moment ? [moment.at(1)] : [])),
    rule: 'RUN-COMPLETE',
  }));
}

/** All is back: with what was counted. */
export function returnedFinding({ before, after, trace }: LeakFacts): Finding[] {
  const is = after?.trace && countOf(after.trace);
  if (!before || !after || !trace || !is) return [];
  const { matrixEvents, vectorEvents } = trace.summary;
  const { functions, irqs, groups } = after.inventory;
  return [
    {
      id: 'all-returned',
      severity: 'info',
      title: 'All that the devices took came back',
      text: `${functions.length} functions, ${irqs.length} interrupt descriptors, ${groups.length} IOMMU groups and ${is.allocated} vectors, as before; ${matrixEvents + vectorEvents} events of the vectors, each as the model has it.`,
      evidence: [trace.at(before.trace!.matrixLine), trace.at(after.trace!.matrixLine)],
      rule: 'LEAK-VECTOR',
    },
  ];
}
