/** A machine and its disks in a dozen numbers, and what it comes to. */
import type { KernelFeature, KernelFeatures } from '../features.ts';
import { timerFlags } from '../genirq/flags.ts';
import type { Line } from '../genirq/sharing.ts';
import type { MatrixSeed } from '../vector/seed.ts';
import { type Alternative, diskBehaviours, matrixLimits } from './behaviour.ts';
import { predictDisks } from './predict.ts';
import { stockSeed } from './stock.ts';
import type { Disk, DiskBehaviour, DiskMachine, DisksPrediction } from './types.ts';

export interface Description {
  /** CPUs that are online; the first of the possible ones. */
  cpus: number;
  /** Possible CPUs, `cpus` or more. */
  possible: number;
  /** NUMA nodes, over which CPUs are shared out evenly, neighbours together. */
  nodes: number;
  threads: number;
  disks: number;
  queues: number;
  /** `pinless`: `pci_dev->irq` is 0, so that there is no INTx. */
  intx: 'routed' | 'pinless';
  /** `routed`: the line of each disk in turn, over and over; absent: those of a PC's bridges. */
  lines?: readonly number[];
  /** The driver asks for managed affinity, as virtio_blk does. */
  affinity: boolean;
  /** Number of the first disk: 1 for virtio1. */
  firstNumber: number;
  /** Vectors of PCI bridges and ports, one each. */
  ports: number;
  /** Vectors of other functions that are in use before the disks. */
  inUse: number;
  /** The matrix before the disks, where it was read; then the two above count for nothing. */
  seed?: MatrixSeed;
}

/** Linux irqs of the four lines that a PC's bridges lead their functions' pins to (q35: GSI 20 to 23). */
const lineIrqs = [20, 21, 22, 23];

export interface Forecast extends Alternative {
  prediction: DisksPrediction;
}

/** @returns one for each way that the kernel may go, where the ways differ in what becomes of the disks. */
export function forecasts(description: Description, features: KernelFeatures): Forecast[] {
  const seen = new Map<string, Forecast>();
  for (const alternative of diskBehaviours(relevant(description, features))) {
    const { machine, disks } = described(description, features, alternative.behaviour);
    const prediction = predictDisks(machine, disks);
    const ends = prediction.disks.map(({ rung, errno }) => `${rung}${errno ?? ''}`).join();
    if (!seen.has(ends)) seen.set(ends, { ...alternative, prediction });
  }
  return [...seen.values()];
}

export function described(
  description: Description,
  features: KernelFeatures,
  behaviour: DiskBehaviour,
): { machine: DiskMachine; disks: Disk[] } {
  const { affinity, queues } = description;
  const nodes = nodesOf(description);
  const lines = description.lines ?? lineIrqs;
  const machine = {
    behaviour,
    present: range(description.cpus),
    nodes,
    siblings: siblingsOf(description),
    matrix: seedOf(description, features),
    lines: new Map<number, Line>([[0, { irq: 0, actions: [{ name: 'timer', flags: timerFlags }] }]]),
  };
  const disks = range(description.disks).map((i): Disk => {
    const name = `virtio${description.firstNumber + i}`;
    const irq = description.intx === 'pinless' ? 0 : lines[i % lines.length]!;
    return { name, queues, irq, affinity };
  });
  return { machine, disks };
}

function seedOf(description: Description, features: KernelFeatures): MatrixSeed {
  if (description.seed) return description.seed;
  return stockSeed({
    ...matrixLimits(features),
    possible: range(description.possible),
    online: range(description.cpus),
    nodes: nodesOf(description),
    ports: description.ports,
    functions: description.inUse,
  });
}

/** What cannot matter to any disk's end is taken as it is today: each unknown would double the work. */
function relevant(description: Description, features: KernelFeatures): KernelFeatures {
  const { queues, nodes, possible } = description;
  const moot = new Map<KernelFeature, boolean>([
    // They decide on which CPU a vector is, not whether there is one.
    ['matrixSpreadsManaged', true],
    ['sortBottomUp', true],
    ['sortDoublePop', true],
    ['affinitySpreadByCluster', true],
    ['vectorAffinityBeforeNode', true],
    ['genirqCondOneshotRequests', true],
  ]);
  if (queues <= possible) moot.set('virtioBlkCapsQueues', true);
  if (queues >= nodes) {
    moot.set('affinitySpreadAllNodes', true);
    moot.set('affinitySpreadByNodeSize', true);
  }
  if (description.intx === 'routed') moot.set('virtioIntxGuard', true);
  const known = [...moot].filter(([name]) => features[name] === 'unknown');
  return { ...features, ...Object.fromEntries(known) };
}

function nodesOf({ possible, nodes }: Description): number[][] {
  const from = (node: number) => Math.floor((node * possible) / nodes);
  return range(nodes).map((node) => range(from(node + 1) - from(node), from(node)));
}

function siblingsOf({ possible, threads }: Description): number[][] {
  return threads < 2
    ? []
    : range(Math.floor(possible / threads)).map((core) => range(threads, core * threads));
}

function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
