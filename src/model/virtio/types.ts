/**
 * What goes into a prediction for virtio-blk disks and what comes out. Numbers of CPUs and bits are the kernel's own;
 * an errno is negative, as in "failed with error -28".
 */

/** How a disk gets its interrupts, the best first (drivers/virtio/virtio_pci_common.c vp_find_vqs). */
export type Rung = 'each' | 'shared-slow' | 'shared' | 'intx';

/** One CPU's maps of the vector matrix; the fields of `MatrixSnapshot` that a simulation needs. */
export interface CpuSeed {
  cpu: number;
  online: boolean;
  /** It was online once. */
  initialized: boolean;
  /** `avl`: kept by the kernel while a CPU is offline, so given and not derived. */
  available: number;
  /** Bits of alloc_map, of managed interrupts that run too. */
  allocMap: readonly number[];
  /** Bits of managed_map. */
  managedMap: readonly number[];
}

/** The vector matrix before the first disk. A `MatrixSnapshot` is one. */
export interface MatrixSeed {
  allocStart: number;
  allocEnd: number;
  /** Bits of system_map. */
  systemMap: readonly number[];
  globalReserved: number;
  totalAllocated: number;
  /** Every possible CPU, by number. */
  cpus: readonly CpuSeed[];
}

/** The first action on an interrupt line, which a second one has to agree with. */
export interface LineOwner {
  name: string;
  /** IRQF_*. */
  flags: number;
}

/** What the kernel does where kernels differ; `virtioBehaviours` makes it from features. */
export interface VirtioBehaviour {
  /** The rung SHARED_SLOW exists. */
  sharedSlow: boolean;
  /** No INTx is tried when `pci_dev->irq` is 0. */
  intxGuard: boolean;
  /** A managed vector goes to the CPU with fewest that run, else to the first of its mask. */
  managedSpread: boolean;
  /** CPUs of nodes get vectors in proportion to their number, the smallest node first; else node by node. */
  spreadByNodeSize: boolean;
  /** lib/sort.c: which of equally large nodes comes first. */
  sort: 'heap' | 'bottom-up' | 'double-pop';
  /** The affinity mask is tried before the whole node. */
  affinityBeforeNode: boolean;
  /** "probe with driver … failed with error", before that "probe of …". */
  probeFailureNamesDriver: boolean;
}

export interface DiskMachine {
  behaviour: VirtioBehaviour;
  /** cpu_present_mask: the first pass of the spreading. Possible and online CPUs are told by the matrix. */
  present: readonly number[];
  /** CPUs of each NUMA node, by node id, possible ones included. */
  nodes: readonly (readonly number[])[];
  /** CPUs that share a core; a CPU that is in none is alone. */
  siblings: readonly (readonly number[])[];
  /** irq_default_affinity, from `irqaffinity=`; all possible CPUs where it is absent. */
  defaultAffinity?: readonly number[];
  matrix: MatrixSeed;
  /** Lines that have a handler, by Linux irq; irq 0 is the timer's on a PC. */
  lines: ReadonlyMap<number, LineOwner>;
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
  /** In words: "no free vector on CPU 3 to reserve for virtio159-req.0". */
  why: string;
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
  /** The kernel's own words, in order, without time stamps. */
  messages: readonly string[];
  /** Names of its interrupts as in /proc/interrupts. */
  irqNames: readonly string[];
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
