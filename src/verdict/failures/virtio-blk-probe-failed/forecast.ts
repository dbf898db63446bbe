/** What the model foretells of the disks from the machine before them, and where the kernel did otherwise. */
import { parseCpuMask } from '../../../evidence/cpu-mask.ts';
import { ofKind } from '../../../evidence/harness.ts';
import { parseInterrupts } from '../../../evidence/interrupts.ts';
import { parseMatrixSnapshot } from '../../../evidence/matrix-snapshot.ts';
import { irqf } from '../../../model/genirq/flags.ts';
import type { Line } from '../../../model/genirq/sharing.ts';
import { type MatrixSeed, seedFrom } from '../../../model/vector/seed.ts';
import { type Alternative, diskBehaviours } from '../../../model/virtio/behaviour.ts';
import { predictDisks } from '../../../model/virtio/predict.ts';
import type { Disk, DiskMachine, DiskPrediction, DisksPrediction } from '../../../model/virtio/types.ts';
import { type DiskFacts, taken } from './disks.ts';
import { type DisksFacts, isHinted, type MomentFacts } from './facts.ts';

export interface Forecast {
  prediction: DisksPrediction;
  /** Features whose value the release does not tell, as they were taken. */
  assumed: Alternative['assumed'];
  misses: Miss[];
}

/** One disk of which the model said something else. */
export interface Miss {
  disk: DiskFacts;
  what: string;
}

/** @returns undefined where the matrix before the disks is not known. */
export function forecast(facts: DisksFacts): Forecast | undefined {
  const { before, after, plan } = facts;
  const present = Array.from({ length: plan.host.spec.cpus }, (_, cpu) => cpu);
  const matrix = before && seedOf(facts, before, present);
  if (!before || !after || !matrix) return undefined;
  const defaultAffinity = defaultAffinityOf(facts);
  const machine: Omit<DiskMachine, 'behaviour'> = {
    present,
    nodes: nodesOf(plan.host.spec),
    siblings: [],
    ...(defaultAffinity ? { defaultAffinity } : {}),
    matrix,
    lines: linesOf(facts, before),
  };
  const disks = after.disks.map(
    (disk): Disk => ({
      name: disk.name,
      queues: plan.disks?.queues ?? 1,
      irq: disk.record.irq,
      affinity: isHinted(plan),
    }),
  );
  const said = new Set(after.kernel.map(({ event }) => event.at.message.trim()));
  const tried = diskBehaviours(facts.features).map(({ behaviour, assumed }): Forecast => {
    const prediction = predictDisks({ ...machine, behaviour }, disks);
    const misses = after.disks.flatMap((disk, i) => {
      const what = difference(disk, prediction.disks[i]!, said);
      return what === undefined ? [] : [{ disk, what }];
    });
    return { prediction, assumed, misses };
  });
  // Where a release does not tell, the way that the kernel went is the one that fits.
  return tried.toSorted((a, b) => a.misses.length - b.misses.length)[0];
}

function seedOf(
  { files }: DisksFacts,
  before: MomentFacts,
  possible: readonly number[],
): MatrixSeed | undefined {
  const byTrace = before.trace && seedFrom(before.trace.state, possible);
  const [memory] = before.at('matrix');
  if (byTrace || !memory) return byTrace;
  const parsed = parseMatrixSnapshot(files(memory.file) ?? '');
  return parsed.ok ? parsed.snapshot : undefined;
}

/** As it stands before the disks: a hand or a remedy may have narrowed it. */
function defaultAffinityOf({ harness }: DisksFacts): number[] | undefined {
  const events = ofKind(harness, 'default-affinity');
  return parseCpuMask(events.find(({ moment }) => moment === 'before-disks')?.mask ?? '');
}

/** CPUs are shared out evenly over the nodes, in blocks. */
function nodesOf({ cpus, numaNodes = 1 }: { cpus: number; numaNodes?: number }): number[][] {
  return Array.from({ length: numaNodes }, (_, node) => {
    const from = Math.floor((node * cpus) / numaNodes);
    const to = Math.floor(((node + 1) * cpus) / numaNodes);
    return Array.from({ length: to - from }, (_, i) => from + i);
  });
}

/** IRQF_* of a PC's timer (arch/x86/kernel/time.c timer_interrupt's action, with what setup_irq adds). */
const timerFlags = 0x15a00;

/** Lines that have a handler already. /proc/interrupts shows no flags: a PCI driver's are IRQF_SHARED. */
function linesOf({ files }: DisksFacts, before: MomentFacts): Map<number, Line> {
  const lines = new Map<number, Line>([[0, { irq: 0, actions: [{ name: 'timer', flags: timerFlags }] }]]);
  const [snapshot] = before.at('interrupts');
  const { rows } = parseInterrupts(files(snapshot?.file ?? '') ?? '');
  for (const row of rows) {
    const irq = Number(row.irq);
    if (irq === 0 || !Number.isInteger(irq) || !row.hwirq?.endsWith('fasteoi')) continue;
    lines.set(irq, { irq, actions: row.actions.map((name) => ({ name, flags: irqf.SHARED })) });
  }
  return lines;
}

/** In words; undefined where the kernel did as foretold. */
function difference(disk: DiskFacts, model: DiskPrediction, said: ReadonlySet<string>): string | undefined {
  const rung = disk.rung === 'none' ? 'failed' : disk.rung;
  if (rung !== model.rung && !alike(disk, model)) return `rung ${rung}, the model says ${model.rung}`;
  if (disk.failure?.errno !== model.errno)
    return `error ${disk.failure?.errno ?? 'none'}, the model says ${model.errno ?? 'none'}`;
  const unsaid = model.messages.find((message) => !said.has(message));
  if (unsaid !== undefined) return `the kernel does not say "${unsaid}"`;
  if (disk.slots && taken(disk.slots) !== model.slots)
    return `${taken(disk.slots)} slots, the model says ${model.slots}`;
  return undefined;
}

/** Without a trace EACH and SHARED_SLOW look the same. */
function alike(disk: DiskFacts, { rung }: DiskPrediction): boolean {
  return disk.slots === undefined && disk.rung === 'each' && rung === 'shared-slow';
}
