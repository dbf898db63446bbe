/**
 * virtio-pci's way to interrupts for one virtio-blk disk. Sources: drivers/virtio/virtio_pci_common.c (vp_find_vqs,
 * vp_find_vqs_msix, vp_request_msix_vectors, vp_find_vqs_intx, vp_del_vqs), drivers/block/virtio_blk.c (init_vq),
 * read in 5.10, 6.1, 6.12 and 7.2.
 */
import { irqf } from '../genirq/flags.ts';
import { type Line, requestIrq } from '../genirq/sharing.ts';
import type { Denial, Place, VectorDomain } from '../msi/domain.ts';
import { FunctionVectors } from '../msi/vectors.ts';
import { affinityMasks, affinityVectors, type VectorAffinity } from '../spread/masks.ts';
import type { Attempt, Disk, DiskIrq, DiskMachine, Rung } from './types.ts';

/** What a probe works on; `lines` changes as disks fall back to INTx. */
export interface LadderState {
  machine: DiskMachine;
  online: readonly number[];
  possible: readonly number[];
  /** irq_default_affinity */
  defaults: readonly number[];
  domain: VectorDomain;
  lines: Map<number, Line>;
  /** Vectors of lines that a disk was the first on. */
  linePlaces: Map<number, Place>;
  /** Masks by number of vectors and pre-vectors: they are the same for every disk. */
  masks: Map<string, VectorAffinity[] | undefined>;
  /** smp_affinity of unmanaged irqs, by node. */
  settled: Map<number | undefined, readonly number[]>;
}

export interface LadderEnd {
  rung: Rung | 'failed';
  errno?: number;
  attempts: Attempt[];
  messages: string[];
  irqs: DiskIrq[];
  /** Gives back what it holds: the driver lets the disk go. */
  release: () => void;
}

/** What a rung came to where it held. */
type Held = Pick<LadderEnd, 'irqs' | 'release'>;

export function climb(state: LadderState, disk: Disk): LadderEnd {
  const { behaviour } = state.machine;
  const queues = queuesOf(state, disk);
  const rungs: Rung[] = behaviour.sharedSlow
    ? ['each', 'shared-slow', 'shared', 'intx']
    : ['each', 'shared', 'intx'];
  const attempts: Attempt[] = [];
  const messages: string[] = [];
  let last = -28;
  for (const rung of rungs) {
    // "Is there an interrupt? If not give up": with the errno of the rung before.
    if (rung === 'intx' && disk.irq === 0 && behaviour.intxGuard) break;
    const result = rung === 'intx' ? lineOf(state, disk, messages) : vectorsOf(state, disk, rung, queues);
    if (!('errno' in result)) return { rung, attempts, messages, ...result };
    last = result.errno;
    attempts.push({ rung, ...result });
  }
  return { rung: 'failed', errno: last, attempts, messages, irqs: [], release: () => {} };
}

function queuesOf(state: LadderState, disk: Disk): number {
  const cpuIds = (state.possible.at(-1) ?? 0) + 1;
  return state.machine.behaviour.capsQueues ? Math.min(disk.queues, cpuIds) : disk.queues;
}

/** vp_find_vqs_msix */
function vectorsOf(state: LadderState, disk: Disk, rung: Rung, queues: number): Held | Denial {
  const count = rung === 'shared' ? 2 : 1 + queues;
  const denial = tableDenial(disk, count);
  if (denial) return denial;
  let masks: VectorAffinity[] | undefined;
  if (disk.affinity !== false && rung !== 'shared') {
    // vp_request_msix_vectors adds one for the config vector each time that it is called with the same irq_affinity.
    const affinity = { pre: rung === 'each' ? 1 : 2, post: 0 };
    const most = affinityVectors(count, count, affinity, state.possible.length);
    if (most < count) {
      const why =
        most === 0
          ? `${affinity.pre} vectors are kept apart of only ${count}`
          : `${queues} queues for ${state.possible.length} possible CPUs`;
      return { errno: -28, why };
    }
    masks = masksOf(state, count, affinity);
  }
  const plain = { cpus: state.defaults, managed: false };
  const wishes = Array.from({ length: count }, (_, vector) => {
    // A descriptor with an affinity mask is on the node of the mask's first CPU (irqdesc.c alloc_descs).
    const affinity = masks?.[vector] ?? plain;
    const node = masks ? nodeOf(state, affinity.cpus[0]) : disk.node;
    return node === undefined ? { affinity } : { affinity, node };
  });
  const vectors = FunctionVectors.allocate(state.domain, wishes);
  if (!(vectors instanceof FunctionVectors)) return vectors;
  // vp_del_vqs: the queues' irqs, then the config's (and the shared one).
  const queueIrqs = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const release = () => vectors.free(rung === 'shared' ? [0, 1] : [...queueIrqs, 0]);
  for (let vector = 0; vector < count; vector += 1) {
    const refused = vectors.request(vector);
    if (!refused) continue;
    release();
    return { errno: refused.errno, why: `${irqName(disk, rung, vector)}: ${refused.why}` };
  }
  const irqs = wishes.map(({ affinity, node }, vector): DiskIrq => {
    const place = vectors.places[vector];
    return {
      name: irqName(disk, rung, vector),
      managed: affinity.managed,
      affinity: affinity.managed ? affinity.cpus : settled(state, node),
      ...(place ? { cpu: place.cpu, vector: place.bit } : {}),
    };
  });
  return { irqs, release };
}

/** irq_setup_affinity: the default affinity's CPUs that are online, of the irq's node where it has some of them. */
function settled(state: LadderState, node: number | undefined): readonly number[] {
  const known = state.settled.get(node);
  if (known) return known;
  const { machine, online, defaults } = state;
  const wanted = defaults.filter((cpu) => online.includes(cpu));
  const mask = wanted.length > 0 ? wanted : online;
  const near = mask.filter((cpu) => node !== undefined && machine.nodes[node]?.includes(cpu));
  const result = near.length > 0 ? near : mask;
  state.settled.set(node, result);
  return result;
}

/** __pci_enable_msix_range, before any vector is asked for. */
function tableDenial(disk: Disk, wanted: number): Denial | undefined {
  const { tableSize } = disk;
  if (tableSize === undefined || tableSize >= wanted) return undefined;
  if (tableSize === 0) return { errno: -22, why: 'the function has no MSI-X' };
  return { errno: -28, why: `its MSI-X table has ${tableSize} entries of ${wanted} wanted` };
}

function irqName(disk: Disk, rung: Rung, vector: number): string {
  if (vector === 0) return `${disk.name}-config`;
  return rung === 'shared' ? `${disk.name}-virtqueues` : `${disk.name}-req.${vector - 1}`;
}

function masksOf(state: LadderState, count: number, affinity: { pre: number; post: number }) {
  const key = `${count}:${affinity.pre}`;
  if (!state.masks.has(key)) {
    const topology = { ...state.machine, possible: state.possible, online: state.online };
    const { spread } = state.machine.behaviour;
    state.masks.set(key, affinityMasks(count, affinity, topology, state.defaults, spread));
  }
  return state.masks.get(key);
}

function nodeOf(state: LadderState, cpu: number | undefined): number | undefined {
  const node = state.machine.nodes.findIndex((cpus) => cpu !== undefined && cpus.includes(cpu));
  return node < 0 ? undefined : node;
}

/** vp_find_vqs_intx: one action more on the function's line. */
function lineOf(state: LadderState, disk: Disk, messages: string[]): Held | Denial {
  const line = state.lines.get(disk.irq) ?? { irq: disk.irq, actions: [] };
  const answer = requestIrq(line, { name: disk.name, flags: irqf.SHARED }, state.machine.behaviour);
  if (!answer.granted) {
    if (answer.message) messages.push(answer.message);
    const owner = line.actions[0]?.name ?? 'nobody';
    return { errno: answer.errno, why: `irq ${disk.irq} belongs to ${owner} and is not shared` };
  }
  const irq: DiskIrq = { name: disk.name, managed: false, affinity: settled(state, 0) };
  if (line.actions.length === 0) {
    // The IO-APIC's pin has its reservation since pci_enable_device; its first action makes it a vector.
    const place = state.domain.activate(state.defaults, 0);
    if ('errno' in place) return { errno: place.errno, why: `irq ${disk.irq}: ${place.why}` };
    state.linePlaces.set(disk.irq, place);
    irq.cpu = place.cpu;
    irq.vector = place.bit;
  }
  state.lines.set(disk.irq, answer.line);
  return { irqs: [irq], release: () => leaveLine(state, disk) };
}

/** free_irq: the last action of a line gives its vector back, as far as it was taken here. */
function leaveLine(state: LadderState, { irq, name }: Disk): void {
  const line = state.lines.get(irq)!;
  const actions = line.actions.filter((action) => action.name !== name);
  state.lines.set(irq, { ...line, actions });
  const place = state.linePlaces.get(irq);
  if (actions.length > 0 || !place) return;
  state.domain.matrix.free(place.cpu, place.bit);
  state.domain.matrix.reserve();
  state.linePlaces.delete(irq);
}
