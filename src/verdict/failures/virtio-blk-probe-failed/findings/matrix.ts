/** Findings about the vector matrix: exhausted, given back, leaked, or doing what the model says it cannot. */
import { vectorRules } from '../../../../model/vector/rules.ts';
import type { Evidence, Finding } from '../../../types.ts';
import { type DiskFacts, taken } from '../disks.ts';
import type { DisksFacts, MomentFacts } from '../facts.ts';
import { count, span } from '../words.ts';

export function matrixFindings(facts: DisksFacts): Finding[] {
  return [
    ...exhausted(facts),
    ...returned(facts),
    ...[facts.after, facts.remedied].flatMap((moment) => leaked(facts, moment)),
    ...impossible(facts),
  ];
}

/** Refusals while the disks were probed for the first time. */
export function refusalsOf({ trace, before, after }: DisksFacts) {
  const from = before?.trace?.line;
  const to = after?.trace?.line;
  if (!trace || from === undefined || to === undefined) return [];
  return trace.refusals.filter(({ line }) => line > from && line < to);
}

function exhausted(facts: DisksFacts): Finding[] {
  const { after, trace } = facts;
  const [first] = refusalsOf(facts);
  const matrix = after?.matrix;
  if (!matrix || (!first && matrix.globalAvailable > 0)) return [];
  const { total, slotsPerCpu } = matrix;
  const all = slotsPerCpu * matrix.onlineMaps;
  const left = first?.available ?? matrix.globalAvailable;
  const eater =
    total.managedIdle > 0
      ? `${total.managedIdle} are reserved for managed interrupts on CPUs where these do not run: nobody can use them.`
      : 'Every one of them is in use.';
  return [
    {
      id: 'vectors-exhausted',
      severity: 'warning',
      title: `${left} of ${all} slots were left when a request for a vector was refused, with ${first?.allocated ?? matrix.totalAllocated} allocated`,
      text: `After the disks ${total.managedRunning} are managed and running, ${total.ordinary} other interrupts', ${total.free} free. ${eater}`,
      evidence: first && trace ? [trace.at(first.line)] : (after?.at('matrix') ?? []),
      rule: 'VIRTIO-SLOTS',
    },
  ];
}

interface Sum {
  slots: number;
  vectors: number;
}

function sum(disks: readonly DiskFacts[]): Sum {
  let slots = 0;
  let vectors = 0;
  for (const disk of disks) {
    slots += disk.slots ? taken(disk.slots) : 0;
    vectors += disk.slots?.vectors ?? 0;
  }
  return { slots, vectors };
}

/** Disks that were taken away, whose interrupts the trace shows to be given up. */
function returned({ after, remedied, trace }: DisksFacts): Finding[] {
  const from = after?.trace?.line;
  const to = remedied?.trace?.line;
  if (!after || !remedied || !trace || from === undefined || to === undefined) return [];
  const still = new Set(remedied.disks.map((disk) => disk.name));
  const releases = trace.releases.filter(({ line }) => line > from && line < to);
  const released = (disk: DiskFacts) =>
    disk.record.irqs.flatMap(({ irq }) => releases.find((release) => release.irq === irq) ?? []);
  const gone = after.disks.filter(
    (disk) => !still.has(disk.name) && disk.slots && released(disk).length === disk.record.irqs.length,
  );
  const [first] = gone.filter((disk) => disk.slots && taken(disk.slots) > 0);
  if (!first?.slots) return [];
  return [
    {
      id: 'slots-returned',
      severity: 'info',
      title: `${count(gone.length, 'disk')} taken away gave back ${count(sum(gone).slots, 'slot')}: ${span(gone.map((disk) => disk.name))}`,
      text: `${first.name} alone gave back ${taken(first.slots)}: ${first.slots.managed} managed, one on each possible CPU, and ${first.slots.ordinary} not managed.`,
      evidence: [first.at, ...released(first).flatMap(({ line }) => [trace.at(line), trace.at(line + 1)])],
      rule: 'VIRTIO-LEAK',
    },
  ];
}

/** What the disks hold by their names, against what the matrix lacks since before them. */
function leaked({ before, trace }: DisksFacts, moment: MomentFacts | undefined): Finding[] {
  if (!before?.matrix || !moment?.matrix || !moment.trace) return [];
  const { slots, vectors } = sum(moment.disks);
  const lacking = before.matrix.globalAvailable - moment.matrix.globalAvailable - slots;
  const stray = moment.matrix.totalAllocated - before.matrix.totalAllocated - vectors;
  if (lacking === 0 && stray === 0) return [];
  return [
    {
      id: 'vectors-leaked',
      severity: 'error',
      title: `At ${moment.moment}, ${count(Math.abs(lacking), 'slot')} ${lacking < 0 ? 'too many are free' : 'are missing'} and ${count(Math.abs(stray), 'vector')} ${stray < 0 ? 'fewer are' : 'more are'} allocated than the disks account for`,
      text: `Since before the disks global_available fell from ${before.matrix.globalAvailable} to ${moment.matrix.globalAvailable}; the disks' interrupts hold ${slots} slots and ${vectors} vectors.`,
      evidence: trace ? [before.trace, moment.trace].flatMap((m) => (m ? [trace.at(m.line)] : [])) : [],
      rule: 'VIRTIO-LEAK',
    },
  ];
}

function impossible({ trace }: DisksFacts): Finding[] {
  const found = trace?.summary.impossible;
  if (!trace || !found) return [];
  const rule = found.departures[0]!.rule;
  const what = found.departures.map((d) => `${d.field}=${d.got}, where the model allows ${d.allowed}`);
  const evidence: Evidence[] = [trace.at(found.line)];
  return [
    {
      id: 'impossible-event',
      severity: 'error',
      title: `The kernel cannot have produced line ${found.line} of its trace of the vectors`,
      text: `${what.join('; ')}. ${vectorRules[rule]}.`,
      evidence,
      rule,
    },
  ];
}
