/**
 * A control for every rule about disks: a recording with one thing spoiled, and the finding that must come of it.
 * What is spoiled must never be dressed as one of the other two verdicts.
 */
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { Control } from '../../control.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const pinless = () => stored('virtio-pinless-5.10');
export const fits = () => stored('virtio-fits-6.12');
const unplug = () => stored('virtio-unplug-6.12');

/** The same without its remedy: the failure alone. */
export function cold(): StoredRunCopy {
  const run = unplug();
  const phases = run.plan.phases.filter(({ name }) => !/^(?:remedy|check)-after$/.test(name));
  run.plan = {
    ...run.plan,
    phases,
    remedy: { id: 'none', title: '' },
    expect: { verdict: 'reproduced', findings: [] },
  };
  return run.events((e) => ('moment' in e && e.moment === 'after-remedy' ? undefined : e));
}

export const vectors = 'host.vectors';
/** Whole traces are read again and again. */
export const slowTestMs = 30_000;
export const afterVirtio = 'snapshots/after-disks.host.virtio';

const without = (kind: HarnessEvent['kind']) => (event: HarnessEvent) =>
  event.kind === kind ? undefined : event;

/** The kernel's line of a disk that works becomes that of one that fails. */
function failing(run: StoredRunCopy, disk: string, errno: number): StoredRunCopy {
  const line = new RegExp(`virtio_blk ${disk}: \\[vd.*`);
  return run.replace(
    'host.dmesg',
    line,
    `virtio_blk ${disk}: probe with driver virtio_blk failed with error ${errno}`,
  );
}

/** The list of the devices says that no driver has a disk. */
function undriven(run: StoredRunCopy, disk: string): StoredRunCopy {
  const record = new RegExp(
    `("name":"${disk}",.*"driver":)"virtio_blk","block":"vd[a-z]+"(.*)"irqs":\\[.*\\]`,
  );
  return run.replace(afterVirtio, record, '$1null,"block":null$2"irqs":[]');
}

/** A disk that shares a vector, by its interrupts' names on its line. */
function onLine(): StoredRunCopy {
  const irqs = /("name":"virtio159",.*"irq":(\d+),"pin".*"irqs":)\[.*\]/;
  return cold().replace(
    afterVirtio,
    irqs,
    '$1[{"irq":$2,"name":"virtio159","affinity":"0-3","effective":"1"}]',
  );
}

/** The matrix as memory has it, where it agrees with the trace. */
export function withMemory(run: StoredRunCopy, change: Partial<Record<string, number>>): StoredRunCopy {
  const matrix = run.judge().disks!.moments.find(({ moment }) => moment === 'after-disks')!.matrix!;
  const snapshot = {
    matrixBits: 256,
    allocStart: 32,
    allocEnd: 235,
    allocSize: 203,
    systembitsInAlloc: 2,
    globalAvailable: matrix.globalAvailable,
    globalReserved: matrix.globalReserved,
    totalAllocated: matrix.totalAllocated,
    onlineMaps: matrix.onlineMaps,
    systemMap: [50, 128],
    cpus: matrix.cpus.map((cpu) => ({
      cpu: cpu.cpu,
      available: cpu.free,
      allocated: cpu.ordinary + cpu.managedRunning,
      managed: cpu.managedIdle + cpu.managedRunning,
      managedAllocated: cpu.managedRunning,
      initialized: true,
      online: true,
      allocMap: [],
      managedMap: [],
    })),
    ...change,
  };
  const file = 'snapshots/after-disks.host.matrix';
  const t0 = JSON.parse(
    run.contents
      .get('events.ndjson')!
      .split('\n')
      .find((l) => l.includes('after-disks.host.virtio'))!,
  ).t0;
  run.append(file, JSON.stringify(snapshot));
  return run.append(
    'events.ndjson',
    `${JSON.stringify({ t: 500, kind: 'snapshot', machine: 'host', what: 'matrix', moment: 'after-disks', file, t0 })}\n`,
  );
}

/** The first line after the disks began that matches, changed. */
function spoilTrace(run: StoredRunCopy, line: RegExp, from: RegExp, to: string): StoredRunCopy {
  const lines = run.contents.get(vectors)!.split('\n');
  const begin = lines.findLastIndex((text) => text.includes('vflab-marker')) / 2;
  const at = lines.findIndex((text, i) => i > begin && line.test(text));
  if (at < 0) throw new Error(`${line} is not in the trace`);
  lines[at] = lines[at]!.replace(from, to);
  run.contents.set(vectors, lines.join('\n'));
  return run;
}

export const controls: Control[] = [
  { name: 'vectors run out', run: cold, verdict: 'reproduced', finding: 'virtio-blk-probe-failed' },
  { name: 'and so does the matrix', run: cold, verdict: 'reproduced', finding: 'vectors-exhausted' },
  { name: 'some disks share', run: cold, verdict: 'reproduced', finding: 'fallback-shared' },
  { name: 'irq 0 is asked for', run: pinless, verdict: 'reproduced', finding: 'irq0-conflict' },
  {
    name: 'a kernel with the guard does not ask for it',
    run: () => stored('virtio-pinless-6.1'),
    verdict: 'reproduced',
    finding: 'guard-enospc',
  },
  { name: 'a disk falls back to its line', run: onLine, verdict: 'reproduced', finding: 'fallback-intx' },
  { name: 'slots come back', run: unplug, verdict: 'reproduced', finding: 'slots-returned' },
  { name: 'the model is right', run: fits, verdict: 'clean', finding: 'prediction-kept' },
  {
    name: 'a disk fails of something else',
    run: () => undriven(failing(fits(), 'virtio3', -12), 'virtio3'),
    verdict: 'inconclusive',
    finding: 'virtio-blk-probe-failed',
  },
  {
    name: 'no trace',
    run: () => cold().delete(vectors),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'no list of the devices after the disks',
    run: () => cold().delete(afterVirtio),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'a disk less than there should be',
    run: () => fits().drop(afterVirtio, /"virtio7"/),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'nobody read the disks',
    run: () => fits().events(without('disks-read')),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'the kernel says nothing of a disk that has no driver',
    run: () =>
      cold()
        .drop('host.dmesg', /virtio165: probe/)
        .drop('host.serial', /virtio165: probe/),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'the trace has no mark of the moment',
    run: () =>
      fits().replace(vectors, /(vflab-marker[\s\S]*)vflab-marker (?=[\s\S]*vflab-marker)/, '$1vflab-mark '),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'a cut list of devices',
    run: () => cold().replace(afterVirtio, /"virtio9","bdf".*\n/, '"virtio9","bd\n'),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'the log and the list of devices disagree',
    run: () => failing(cold(), 'virtio3', -28),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'the memory of the machine disagrees with its trace',
    run: () => withMemory(cold(), { totalAllocated: 491 }),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'a file of the memory that is none',
    run: () => withMemory(cold(), { allocSize: -1 }),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'an event that no kernel produces',
    run: () => spoilTrace(fits(), /irq_matrix_reserve_managed/, /managed=\d+/, 'managed=99'),
    verdict: 'inconclusive',
    finding: 'impossible-event',
  },
  {
    name: 'a failure beside an impossible event is a failure all the same',
    run: () => spoilTrace(cold(), /irq_matrix_reserve_managed/, /managed=\d+/, 'managed=99'),
    verdict: 'reproduced',
    finding: 'impossible-event',
  },
  {
    name: 'another errno than the model says',
    run: () =>
      cold()
        .replace('host.serial', /(virtio170: .*)-28/, '$1-12')
        .replace('host.dmesg', /(virtio170: .*)-28/, '$1-12'),
    verdict: 'reproduced',
    finding: 'prediction-missed',
  },
  {
    name: 'another rung than the model says',
    run: () => fits().replace(afterVirtio, /virtio4-req\.0/, 'virtio4-virtqueues'),
    verdict: 'inconclusive',
    finding: 'prediction-missed',
  },
  {
    name: 'events were lost before the disks, and memory was not read',
    run: () => cold().replace(vectors, /\n/, '\nCPU:1 [LOST 7 EVENTS]\n'),
    verdict: 'reproduced',
    finding: 'prediction-not-made',
  },
  {
    name: 'a slot that no disk accounts for',
    run: () => fits().replace(afterVirtio, /\{"irq":\d+,"name":"virtio5-config"[^}]*\},?/, ''),
    verdict: 'inconclusive',
    finding: 'vectors-leaked',
  },
  {
    name: 'a disk that cannot be read',
    run: () => fits().events((e) => (e.kind === 'disks-read' ? { ...e, failed: ['vdb'] } : e)),
    verdict: 'inconclusive',
    finding: 'disk-unreadable',
  },
  {
    name: 'nothing shows the remedy',
    run: () => unplug().events(without('remedy')),
    verdict: 'inconclusive',
    finding: 'remedy-unproved',
  },
];
