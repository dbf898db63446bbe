/** The model's prediction for a recorded point against what the kernel did there. */
import { formatCpuList, parseCpuList } from '../../src/evidence/cpu-list.ts';
import { kernelFeatures, kernelVersion } from '../../src/model/features.ts';
import { irqf, timerFlags } from '../../src/model/genirq/flags.ts';
import type { Line } from '../../src/model/genirq/sharing.ts';
import type { Event } from '../../src/model/vector/types.ts';
import { type Alternative, diskBehaviours } from '../../src/model/virtio/behaviour.ts';
import { predictDisks } from '../../src/model/virtio/predict.ts';
import type { DiskPrediction, DisksPrediction } from '../../src/model/virtio/types.ts';
import { counted, digestOf, type GridRecording, type PointRecording, runs, seedOf } from './recording.ts';

export interface Comparison {
  prediction: DisksPrediction;
  events: Event[];
  /** What differs, in words; empty: exact. */
  differences: string[];
}

/** @param alternative default: the first that the release allows */
export function comparePoint(
  recording: GridRecording,
  point: PointRecording,
  alternative: Alternative = diskBehaviours(
    kernelFeatures(kernelVersion(recording.release, recording.build)),
  )[0]!,
): Comparison {
  const events: Event[] = [];
  const machine = {
    behaviour: alternative.behaviour,
    present: parseCpuList(recording.present),
    nodes: recording.nodes.map(parseCpuList),
    siblings: recording.cores.map(parseCpuList),
    ...(recording.defaultAffinity ? { defaultAffinity: cpusOfMask(recording.defaultAffinity) } : {}),
    matrix: seedOf(point.before),
    lines: linesOf(point),
  };
  const disks = point.irqs.map((irq, i) => ({ name: `virtio${point.first + i}`, queues: point.queues, irq }));
  const prediction = predictDisks(machine, disks, (event) => events.push(event));
  const expected = {
    seen: runs(prediction.disks.map(seenOf)),
    said: counted(prediction.disks.flatMap(({ messages }) => messages)),
    masks: prediction.disks[0]!.irqs.map(
      ({ name, affinity }) => `${name.replace(/^virtio\d+-?/, '')} ${formatCpuList(affinity)}`,
    ).sort(),
    events: digestOf(events),
    after: after(prediction),
  };
  const differences = (['seen', 'said', 'masks', 'events', 'after'] as const)
    .filter((key) => JSON.stringify(expected[key]) !== JSON.stringify(point[key]))
    .map((key) => `${key}: predicted ${JSON.stringify(expected[key])}, seen ${JSON.stringify(point[key])}`);
  return { prediction, events, differences };
}

/** `ff,ffffffff`: 32 CPUs a word, the last word has CPU 0. */
function cpusOfMask(mask: string): number[] {
  const bits = BigInt(`0x${mask.replaceAll(',', '')}`);
  const all = Array.from({ length: bits.toString(2).length }, (_, cpu) => cpu);
  return all.filter((cpu) => (bits >> BigInt(cpu)) & 1n);
}

function after({ disks }: DisksPrediction): [number, number, number] {
  const { available, reserved, allocated } = disks.at(-1)!;
  return [available, reserved, allocated];
}

function seenOf({ rung, errno }: DiskPrediction): string {
  if (rung === 'failed') return `none ${errno}`;
  if (rung === 'shared') return 'shared';
  return rung === 'intx' ? 'line' : 'queue';
}

/** /proc says who owns a line, not how it was asked for: the drivers of PCI functions share theirs. */
function linesOf({ lines }: PointRecording): Map<number, Line> {
  return new Map(
    Object.entries(lines).map(([irq, names]) => {
      const flags = names.includes('timer') ? timerFlags : irqf.SHARED;
      return [Number(irq), { irq: Number(irq), actions: names.map((name) => ({ name, flags })) }];
    }),
  );
}
