/** What the rules ask about: the disks and the matrix before the disks, after them, and after the remedy. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import { parseMatrixSnapshot } from '../../../evidence/matrix-snapshot.ts';
import { parseVirtioDevices } from '../../../evidence/virtio-devices.ts';
import type { VariantPlan } from '../../../lab/plan.ts';
import type { RunFacts } from '../../facts.ts';
import { accountOfMemory, accountOfTrace, type MatrixAccount } from '../../slots/account.ts';
import { type MatrixMoment, readTrace, type TraceReading, vectorsFile } from '../../slots/reading.ts';
import type { Evidence } from '../../types.ts';
import { type DiskFacts, disksOf } from './disks.ts';

export const diskMoments = ['before-disks', 'after-disks', 'after-remedy'] as const;
export type DiskMoment = (typeof diskMoments)[number];

export interface MomentFacts {
  moment: DiskMoment;
  /** Harness time, seconds. */
  t: number;
  disks: DiskFacts[];
  /** Lines of the snapshot of the devices that are no record. */
  broken: Evidence[];
  /** From the trace, where it tells all; else from the machine's memory. */
  matrix: MatrixAccount | undefined;
  /** By the machine's memory alone: a second witness. */
  memory: MatrixAccount | { problem: string } | undefined;
  trace: MatrixMoment | undefined;
  /** The kernel's log since the moment before. */
  kernel: readonly DatedKernelEvent[];
  read: Recorded<'disks-read'> | undefined;
  /** Line `line` of one of its snapshots; empty where there is none. */
  at: (what: Recorded<'snapshot'>['what'], line?: number) => Evidence[];
}

export interface DisksFacts extends RunFacts {
  trace: TraceReading | undefined;
  before: MomentFacts | undefined;
  after: MomentFacts | undefined;
  remedied: MomentFacts | undefined;
}

export function disksFacts(run: RunFacts): DisksFacts {
  const found = diskMoments.map((moment) => markerOf(run.harness, moment));
  // A marker that an earlier moment has is not this one's: the record lacks its own.
  const markers = found.map((id, i) => (found.indexOf(id) === i ? id : undefined));
  const content = run.files(vectorsFile);
  const known = new Set(markers.filter((id) => id !== undefined));
  const ends = new Map<string, string>();
  for (const [i, moment] of diskMoments.entries()) {
    const { until } = snapshotsOf(run.harness, moment).find(({ what }) => what === 'matrix') ?? {};
    const id = markers[i];
    if (id !== undefined && until !== undefined) ends.set(id, until);
  }
  const trace = content === undefined ? undefined : readTrace(content, known, run.features, ends);
  const [before, after, remedied] = diskMoments.map((moment, i) => {
    const id = markers[i];
    const kernel = kernelBetween(run.hostKernel, markers[i - 1], id);
    return momentFacts(run, moment, kernel, id === undefined ? undefined : trace?.moments.get(id));
  });
  return { ...run, trace, before, after, remedied };
}

/** Linux's own virtio_blk asks for managed interrupts; a module that replaces it is there because it does not. */
export function isHinted({ disks }: VariantPlan): boolean {
  return disks?.driver?.affinityHint ?? true;
}

/** A snapshot begins with a marker, in the kernel log and in the trace: that is where its moment is. */
function markerOf(harness: readonly Recorded[], moment: DiskMoment): string | undefined {
  const [first] = snapshotsOf(harness, moment);
  if (!first) return undefined;
  return ofKind(harness, 'clock-marker').findLast((m) => m.machine === 'host' && m.t1 <= first.t0)?.id;
}

function snapshotsOf(harness: readonly Recorded[], moment: DiskMoment): Recorded<'snapshot'>[] {
  return ofKind(harness, 'snapshot').filter((s) => s.machine === 'host' && s.moment === moment);
}

/** The host's log between two markers; from its beginning or to its end where one is not there. */
function kernelBetween(
  kernel: readonly DatedKernelEvent[],
  from: string | undefined,
  to: string | undefined,
): readonly DatedKernelEvent[] {
  const find = (id: string | undefined) =>
    kernel.findIndex(({ event }) => event.kind === 'marker' && event.id === id);
  const end = find(to);
  return kernel.slice(find(from) + 1, end < 0 ? undefined : end);
}

function momentFacts(
  run: RunFacts,
  moment: DiskMoment,
  kernel: readonly DatedKernelEvent[],
  trace: MatrixMoment | undefined,
): MomentFacts | undefined {
  const snapshots = snapshotsOf(run.harness, moment);
  const linesOf = new Map<string, { snapshot: Recorded<'snapshot'>; lines: string[] }>();
  for (const snapshot of snapshots) {
    const content = run.files(snapshot.file);
    if (content !== undefined) linesOf.set(snapshot.what, { snapshot, lines: content.split('\n') });
  }
  const at: MomentFacts['at'] = (what, line = 1) => {
    const found = linesOf.get(what);
    const text = found?.lines[line - 1];
    if (!found || text === undefined) return [];
    const { file, t0 } = found.snapshot;
    return [{ file, line, text: text.slice(0, 400).trimEnd(), machine: 'host', t: t0 }];
  };
  const virtio = linesOf.get('virtio');
  if (!virtio) return undefined;
  const { devices, broken } = parseVirtioDevices(virtio.lines.join('\n'));
  const good = virtio.lines.flatMap((_, i) => (broken.includes(i + 1) ? [] : at('virtio', i + 1)));
  const memory = memoryOf(linesOf.get('matrix')?.lines.join('\n'));
  const byTrace = trace && accountOfTrace(trace.state);
  return {
    moment,
    t: virtio.snapshot.t0,
    disks: disksOf({ devices, lines: good, kernel, holdings: trace?.holdings, hinted: isHinted(run.plan) }),
    broken: broken.flatMap((line) => at('virtio', line)),
    matrix: byTrace ?? (memory && 'source' in memory ? memory : undefined),
    memory,
    trace,
    kernel,
    read: ofKind(run.harness, 'disks-read').findLast((e) => e.machine === 'host' && e.moment === moment),
    at,
  };
}

function memoryOf(content: string | undefined): MomentFacts['memory'] {
  if (content === undefined) return undefined;
  const parsed = parseMatrixSnapshot(content);
  return parsed.ok ? accountOfMemory(parsed.snapshot) : { problem: parsed.problem };
}
