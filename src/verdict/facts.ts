/** What every failure is judged from: the plan, the merged history and the features of what ran, gathered once. */
import { ofKind, type Recorded } from '../evidence/harness.ts';
import { buildHistory, type DatedKernelEvent, type DatedStderr, type History } from '../evidence/history.ts';
import type { QmpEvent } from '../evidence/qmp.ts';
import type { VariantPlan } from '../lab/plan.ts';
import {
  type KernelFeatures,
  kernelFeatures,
  kernelVersion,
  type QemuFeatures,
  qemuFeatures,
} from '../model/features.ts';

/** Content of a file of the variant's folder by its name (`host.serial`), undefined where there is none. */
/** Text of an evidence file; undefined where there is none. */
export interface Files {
  (name: string): string | undefined;
  /** Its lines, one at a time: for traces, which may be larger than a string can be. Absent: as the text has them. */
  lines?(name: string): Iterable<string> | undefined;
}

export interface RunFacts {
  plan: VariantPlan;
  /** For files that only one failure reads; the common ones are in `history`. */
  files: Files;
  history: History;
  harness: readonly Recorded[];
  /** Of the host's kernel. */
  features: KernelFeatures;
  /** Of the QEMU that runs the guests. */
  qemuFeatures: QemuFeatures;
  hostKernel: readonly DatedKernelEvent[];
  qmp: ReadonlyMap<string, readonly QmpEvent[]>;
  stderr: ReadonlyMap<string, readonly DatedStderr[]>;
}

export function gatherFacts(plan: VariantPlan, files: Files): RunFacts {
  const machines = ['host', ...plan.guests.map((guest) => guest.id)];
  const history = buildHistory(machines, files);
  const harness = history.harness.events;
  const qmp = new Map<string, QmpEvent[]>(machines.map((machine) => [machine, []]));
  const stderr = new Map<string, DatedStderr[]>(machines.map((machine) => [machine, []]));
  for (const event of history.events) {
    if (event.from === 'qmp') qmp.get(event.machine)?.push(event.event);
    if (event.from === 'stderr') {
      stderr.get(event.machine)?.push({ event: event.event, t: event.t, error: event.error });
    }
  }
  const version = ofKind(harness, 'versions').findLast((event) => event.machine === 'host');
  return {
    plan,
    files,
    history,
    harness,
    features: kernelFeatures(version && kernelVersion(version.kernelRelease, version.kernelVersion)),
    qemuFeatures: qemuFeatures(version?.qemu),
    hostKernel: history.machines.get('host')?.kernel ?? [],
    qmp,
    stderr,
  };
}
