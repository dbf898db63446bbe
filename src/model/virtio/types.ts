/**
 * What goes into a prediction for virtio-blk disks and what comes out. Numbers of CPUs and bits are the kernel's own;
 * an errno is negative, as in "failed with error -28".
 */
import type { Line } from '../genirq/sharing.ts';
import type { SpreadBehaviour } from '../spread/spread.ts';
import type { MatrixSeed } from '../vector/seed.ts';

/** How a disk gets its interrupts, the best first (drivers/virtio/virtio_pci_common.c vp_find_vqs). */
export type Rung = 'each' | 'shared-slow' | 'shared' | 'intx';

/** What the kernel does where kernels differ; `diskBehaviours` makes it from features. */
export interface DiskBehaviour {
  /** The rung SHARED_SLOW exists. */
  sharedSlow: boolean;
  /** No INTx is tried when `pci_dev->irq` is 0. */
  intxGuard: boolean;
  /** virtio_blk asks for no more queues than there are CPU ids. */
  capsQueues: boolean;
  /** "probe with driver … failed with error", before that "probe of …". */
  failureNamesDriver: boolean;
  /** request_irq() adds COND_ONESHOT (feature genirqCondOneshotRequests). */
  condOneshotRequests: boolean;
  /** A managed vector goes to the CPU with fewest that run, else to the first of its mask. */
  spreadsManaged: boolean;
  /** A vector is looked for in the affinity mask before it is in the whole node. */
  affinityBeforeNode: boolean;
  spread: SpreadBehaviour;
}

export interface DiskMachine {
  behaviour: DiskBehaviour;
  /** cpu_present_mask: the first pass of the spreading. Possible and online CPUs are told by the matrix. */
  present: readonly number[];
  /** CPUs of each NUMA node, by node id, possible ones included. */
  nodes: readonly (readonly number[])[];
  /** CPUs that share a core; a CPU that is in none is alone. */
  siblings: readonly (readonly number[])[];
  /** CPUs that share an L2 cache; absent: those of a core. */
  clusters?: readonly (readonly number[])[];
  /** irq_default_affinity, from `irqaffinity=`; absent: all possible CPUs. */
  defaultAffinity?: readonly number[];
  /** The vector matrix before the first disk. */
  matrix: MatrixSeed;
  /** INTx lines that have a handler, by Linux irq; irq 0 is the timer's on a PC. */
  lines: ReadonlyMap<number, Line>;
}

export interface Disk {
  /** `virtio3`. */
  name: string;
  /** Queues that the device offers. */
  queues: number;
  /** `pci_dev->irq`: the Linux irq of its INTx pin, 0 where it has none or no route. */
  irq: number;
  /** Entries of its MSI-X table; absent: enough. 0: no MSI-X. */
  tableSize?: number;
  /** dev_to_node of the function; absent: NUMA_NO_NODE. */
  node?: number;
  /** The driver asks for managed affinity (virtio_blk does since 4.11); false: it was patched not to. */
  affinity?: boolean;
}

/** One rung tried and why it did not hold. */
export interface Attempt {
  rung: Rung;
  errno: number;
  /** In words: "CPU 3 has no free vector to reserve: …". */
  why: string;
}

export interface DiskIrq {
  /** As in /proc/interrupts. */
  name: string;
  managed: boolean;
  /** CPUs that it may go to. */
  affinity: readonly number[];
  /** Where it goes; absent where it shares a line's vector, or no CPU of its mask is online. */
  cpu?: number;
  vector?: number;
}

export interface DiskPrediction {
  /** 0 for the first disk. */
  index: number;
  name: string;
  rung: Rung | 'failed';
  /** Of a disk that failed. */
  errno?: number;
  /** The rungs that did not hold, in order. */
  attempts: readonly Attempt[];
  /** What the kernel says at warning level and above, in order, without time stamps. */
  messages: readonly string[];
  irqs: readonly DiskIrq[];
  /** What it took of `global_avl`: vectors allocated plus managed bits reserved on online CPUs. */
  slots: number;
  /** After it: global_avl, global_rsvd, total_alloc. */
  available: number;
  reserved: number;
  allocated: number;
}

export interface DisksPrediction {
  disks: readonly DiskPrediction[];
  /** Index of the first disk without any interrupt; undefined: all probe. */
  firstFailing: number | undefined;
  /** Index of the first disk that is not on the best rung. */
  firstDegraded: number | undefined;
  /** The matrix after the last disk. */
  end: MatrixSeed;
}
