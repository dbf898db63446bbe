/** Findings that make a run with disks inconclusive: evidence that is missing, cut, or contradicts itself. */
import { ofHarness, ofKernel } from '../../../pointers.ts';
import { accountOfTrace, disagreements, type MatrixAccount } from '../../../slots/account.ts';
import { vectorsFile } from '../../../slots/reading.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { DisksFacts, MomentFacts } from '../facts.ts';
import { count, span } from '../words.ts';

export function evidenceFindings(facts: DisksFacts): Finding[] {
  const found = [facts.before, facts.after, facts.remedied].filter((moment) => moment !== undefined);
  return [
    ...missing(facts),
    ...traceGaps(facts),
    ...found.flatMap(cut),
    ...found.flatMap(contradictions),
    ...silent(facts.after),
  ];
}

function gone(title: string, text: string, evidence: Evidence[] = []): Finding {
  return { id: 'evidence-missing', severity: 'infrastructure', title, text, evidence, rule: 'RUN-COMPLETE' };
}

function missing({ plan, before, after, remedied, trace, harness }: DisksFacts): Finding[] {
  const findings: Finding[] = [];
  const planned = (moment: string) =>
    plan.phases.some((phase) => phase.actions.some((a) => a.do === 'snapshot' && a.moment === moment));
  if (!trace)
    findings.push(
      gone(`${vectorsFile} is missing`, 'Without it nothing shows what the vectors were used for.'),
    );
  const moments = { 'before-disks': before, 'after-disks': after, 'after-remedy': remedied };
  for (const [moment, facts] of Object.entries(moments)) {
    if (!facts && planned(moment))
      findings.push(
        gone(`The disks were not listed ${moment}`, 'There is no snapshot of the virtio devices.'),
      );
    else if (facts && trace && !facts.trace)
      findings.push(
        gone(
          `The trace does not show where ${moment} is`,
          'The marker of the snapshot is not in it, so what the vectors were used for then is not known.',
          facts.at('virtio'),
        ),
      );
  }
  const wanted = plan.disks?.count;
  if (after && wanted !== undefined && after.disks.length !== wanted) {
    findings.push(
      gone(
        `${count(after.disks.length, 'disk')} of ${wanted} are there`,
        'What became of the others is not known: the machine does not have them.',
        after.at('virtio'),
      ),
    );
  }
  if (after && !after.read && harness.some((event) => event.kind === 'disks-read') === false)
    findings.push(gone('No disk was read', 'That a driver has a disk does not show that the disk works.'));
  return findings;
}

/** A trace with gaps tells less, and never something wrong: see the model of the matrix. */
function traceGaps({ trace }: DisksFacts): Finding[] {
  const [first] = trace?.summary.gaps ?? [];
  if (!trace || !first) return [];
  const { lostEvents, gapCount } = trace.summary;
  return [
    {
      id: 'evidence-cut',
      severity: 'warning',
      title: `The trace of the vectors has ${count(gapCount, 'gap')}, the first at line ${first.line}: ${first.why}`,
      text: `${lostEvents > 0 ? `${lostEvents} events are lost. ` : ''}What the matrix held there was learnt anew from later events.`,
      evidence: [trace.at(first.line)],
      rule: 'RUN-COMPLETE',
    },
  ];
}

function cut({ moment, broken }: MomentFacts): Finding[] {
  if (broken.length === 0) return [];
  return [
    {
      id: 'evidence-cut',
      severity: 'infrastructure',
      title: `${count(broken.length, 'line')} of the virtio devices ${moment} ${broken.length === 1 ? 'is' : 'are'} no record`,
      text: 'The list of the devices is cut or damaged there.',
      evidence: broken.slice(0, 3),
      rule: 'RUN-COMPLETE',
    },
  ];
}

function contradicts(title: string, text: string, evidence: Evidence[]): Finding {
  return {
    id: 'evidence-contradicts',
    severity: 'infrastructure',
    title,
    text,
    evidence,
    rule: 'RUN-COMPLETE',
  };
}

function contradictions(moment: MomentFacts): Finding[] {
  const { memory, matrix } = moment;
  const findings: Finding[] = [];
  if (memory && 'problem' in memory)
    findings.push(
      contradicts(
        `The matrix ${moment.moment} cannot be read from its file`,
        `${memory.problem}.`,
        moment.at('matrix'),
      ),
    );
  else if (memory && matrix && matrix.source === 'trace') {
    const differences = disagreements(matrix, memory);
    if (differences.length > 0 && !hasMoved(moment, memory))
      findings.push(
        contradicts(
          `The trace and the machine's memory disagree about the matrix ${moment.moment}`,
          `${differences.slice(0, 4).join('; ')}.`,
          moment.at('matrix'),
        ),
      );
  }
  const both = moment.disks.filter((disk) => disk.failure && disk.rung !== 'none');
  if (both.length > 0)
    findings.push(
      contradicts(
        `By the kernel's log ${span(both.map((disk) => disk.name))} failed, and yet a driver has it`,
        'The log and the list of the devices cannot both be right about one probe.',
        both.slice(0, 2).flatMap((disk) => [ofKernel(disk.failure!.dated), disk.at]),
      ),
    );
  return findings;
}

/** Something moved an interrupt between the moment's marker and the reading: then the trace has the same a little later. */
function hasMoved({ trace }: MomentFacts, memory: MatrixAccount): boolean {
  return (trace?.later ?? []).some((state) => {
    const account = accountOfTrace(state);
    return account !== undefined && disagreements(account, memory).length === 0;
  });
}

/** A disk without a driver of which the kernel's log says nothing. */
function silent(after: MomentFacts | undefined): Finding[] {
  const disks = after?.disks.filter((disk) => disk.rung === 'none' && !disk.failure) ?? [];
  if (disks.length === 0) return [];
  return [
    gone(
      `Why ${span(disks.map((disk) => disk.name))} has no driver is not known`,
      "The kernel's log says nothing of a failed probe; it may be cut, or the disk was never probed.",
      [...disks.slice(0, 2).map((disk) => disk.at), ...(after?.read ? [ofHarness(after.read)] : [])],
    ),
  ];
}
