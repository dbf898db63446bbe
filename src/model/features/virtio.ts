/** What differs between kernels on the way from a virtio device to its interrupts. */
import type { FeatureEntry } from './entry.ts';

export const virtioFeatureTable = {
  virtioSharedSlow: {
    what: 'between a vector a queue and one shared there is a rung that shares the slow path only',
    source: 'virtio_pci: introduce vector allocation fallback for slow path virtqueues (v6.11-rc2)',
    since: [6, 11],
  },
  virtioIntxGuard: {
    what: 'INTx is not tried when the function has no irq; before, irq 0 is asked for, which is the timer',
    source:
      '2145ab513e3b virtio_pci: use irq to detect interrupt support, on 71491c54eafa "don\'t try to use intxif pin is zero"; not in 5.10.262',
    since: [6, 1],
    stable: { '6.0': 'unknown', '5.15': 'unknown' },
  },
  virtioBlkCapsQueues: {
    what: 'virtio_blk asks for no more queues than there are CPU ids',
    source: 'bf348f9b78d4 virtio-blk: limit number of hw queues by nr_cpu_ids',
    since: [5, 1],
    // Distributions carry it: not known of one with a release of its own.
    stable: { '4.18': 'unknown', '4.19': 'unknown', '5.0': 'unknown' },
  },
  probeFailureNamesDriver: {
    what: '"probe with driver D failed with error E", before that "D: probe of X failed with error E"',
    source:
      'drivers/base/dd.c call_driver_probe (seen in 6.1 and 6.12; the release between was not looked up)',
    since: [6, 10],
  },
  affinitySpreadAllNodes: {
    what: 'fewer managed vectors than nodes: the other nodes are added to them, before that left out',
    source: 'b82592199032 genirq/affinity: Spread IRQs to all available NUMA nodes',
    since: [4, 20],
    stable: { '4.18': 'unknown', '4.19': 'unknown' },
  },
  affinitySpreadByNodeSize: {
    what: 'a node gets managed vectors in proportion to its CPUs, the smallest node first; before, in order of id',
    source: 'b1a5a73e64e9 genirq/affinity: Spread vectors on node according to nr_cpu ratio',
    since: [5, 4],
    // Seen on a call trace of 4.18.0-305.el8: ncpus_cmp_func.
    stable: { '4.18': 'unknown', '4.19': 'unknown', '5.3': 'unknown' },
  },
  affinitySpreadByCluster: {
    what: 'a node with no more clusters (CPUs of one L2 cache) than vectors shares the vectors out over them, the smallest first',
    source: '89802ca36c96 lib/group_cpus: make group CPU cluster aware',
    since: [7, 0],
  },
  sortBottomUp: {
    what: 'sort() sifts down to the leaves first, which changes the order of equal elements',
    source: '22a241ccb2c1 lib/sort: use more efficient bottom-up heapsort variant',
    since: [5, 2],
  },
  sortDoublePop: {
    what: 'sort() takes two elements at once off its heap, which changes the order of equal elements',
    source: '0e02ca29a563 lib/sort: optimize heapsort with double-pop variation',
    since: [6, 9],
  },
  matrixSpreadsManaged: {
    what: 'a managed vector goes to the CPU of its mask where fewest run, before that to the first',
    source:
      'e8da8794a7fd genirq/matrix: Improve target CPU selection for managed interrupts; read in 4.18.0-147.el8',
    since: [4, 20],
    stable: { '4.18': 'unknown', '4.19': 'unknown' },
  },
  vectorAffinityBeforeNode: {
    what: 'a vector is looked for in the affinity mask before it is in the whole node',
    source: '190113b4c653 x86/apic/vector: Fix ordering in vector assignment',
    since: [5, 11],
    stable: { '5.10': 2, '5.9': 'unknown', '5.4': 84 },
  },
  vectorCleanupByTimer: {
    what: 'vector 32 is free: a moved vector is cleaned up by a timer, before that by an IPI on vector 32',
    source: 'bdc1dad299bb x86/vector: Replace IRQ_MOVE_CLEANUP_VECTOR with a timer callback',
    since: [6, 6],
  },
  vectorPostedMsi: {
    what: 'vector 235 is for posted MSIs, so that devices end at 234',
    source: 'f5a3562ec9dd x86/irq: Reserve a per CPU IDT vector for posted MSIs',
    since: [6, 10],
  },
} as const satisfies Record<string, FeatureEntry>;
