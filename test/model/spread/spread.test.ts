import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affinityMasks, affinityVectors } from '../../../src/model/spread/masks.ts';
import { type KernelSort, kernelSort } from '../../../src/model/spread/sort.ts';
import { spreadCpus, type Topology } from '../../../src/model/spread/spread.ts';

const sorts: KernelSort[] = ['heap', 'bottom-up', 'double-pop'];
const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

/** Nodes of so many CPUs each, one after the other. */
function machine(sizes: readonly number[], threads = 1, absent = 0): Topology {
  let from = 0;
  const nodes = sizes.map((size) => {
    from += size;
    return range(size, from - size);
  });
  const siblings = range(from / threads).map((core) => range(threads, core * threads));
  const present = range(from - absent);
  return { possible: range(from), present, online: present, nodes, siblings };
}

describe('lib/sort.c', () => {
  test.each(sorts)('%s sorts', (kind) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (items) => {
        expect(kernelSort(kind, items, (a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });

  // Seen on kernels: which of equally large nodes queue 0 belongs to.
  test.each([
    ['bottom-up', 2, [1, 0]],
    ['double-pop', 2, [1, 0]],
    ['bottom-up', 3, [1, 2, 0]],
    ['double-pop', 3, [2, 1, 0]],
  ] as const)('%s puts %d equal elements in the order %j', (kind, count, order) => {
    expect(kernelSort(kind, range(count), () => 0)).toEqual(order);
  });
});

describe('the masks of managed vectors, as kernels made them', () => {
  const spread = (topology: Topology, count: number, sort: KernelSort) =>
    spreadCpus(count, topology, { sort, nodes: 'by-size', clusters: false });
  test.each([
    [machine([2, 2]), 4, 'bottom-up', [[2], [3], [0], [1]]],
    [machine([2, 2]), 4, 'double-pop', [[2], [3], [0], [1]]],
    [machine([2, 2]), 3, 'double-pop', [[2, 3], [0], [1]]],
    [
      machine([2, 2]),
      2,
      'double-pop',
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [machine([2, 2, 2]), 4, 'bottom-up', [[2, 3], [4, 5], [0], [1]]],
    [machine([2, 2, 2]), 4, 'double-pop', [[4, 5], [2, 3], [0], [1]]],
    [
      machine([4, 6], 2),
      5,
      'double-pop',
      [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
        [8, 9],
      ],
    ],
    [
      machine([4, 6], 2),
      3,
      'double-pop',
      [
        [0, 1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ],
    [machine([4]), 1, 'heap', [[0, 1, 2, 3]]],
  ] as const)('case %#', (topology, count, sort, masks) => {
    expect(spread(topology, count, sort)).toEqual(masks);
  });

  test('each possible CPU is in one mask, so that a set of any size takes one bit on every CPU', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(...sorts),
        (sizes, absent, wanted, sort) => {
          const all = sizes.reduce((sum, size) => sum + size, 0);
          if (all === 0) return;
          const topology = machine(sizes, 1, Math.min(absent, all - 1));
          const count = Math.min(wanted, all);
          const masks = spread(topology, count, sort);
          expect(masks.flat().toSorted((a, b) => a - b)).toEqual(topology.possible);
          expect(masks.every((mask) => mask.length > 0)).toBe(true);
        },
      ),
    );
  });

  test('older rules: nodes in order, and with fewer vectors than nodes the rest is left out or added', () => {
    const topology = machine([2, 4]);
    const old = { sort: 'heap', clusters: false } as const;
    expect(spreadCpus(3, topology, { ...old, nodes: 'even' })).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(spreadCpus(1, topology, { ...old, nodes: 'even' })).toEqual([[0, 1, 2, 3, 4, 5]]);
    expect(spreadCpus(1, topology, { ...old, nodes: 'first-nodes' })).toEqual([[0, 1]]);
  });
});

test('a CPU that is off is nobody’s sibling', () => {
  const topology = {
    ...machine([4]),
    siblings: [
      [0, 2],
      [1, 3],
    ],
  };
  const behaviour = { sort: 'double-pop', nodes: 'by-size', clusters: false } as const;
  expect(spreadCpus(2, topology, behaviour)[0]).toEqual([0, 2]);
  expect(spreadCpus(2, { ...topology, online: [0, 1, 3] }, behaviour)[0]).toEqual([0, 1]);
});

describe('by clusters, since 7.0', () => {
  const spread = (topology: Topology, count: number) =>
    spreadCpus(count, topology, { sort: 'double-pop', nodes: 'by-size', clusters: true });

  test('a vector a CPU: as many clusters, all alike, come in the order that sort() leaves them in', () => {
    expect(spread(machine([2]), 2)).toEqual([[1], [0]]);
    // Seen on 7.2.13: the masks of an nvme's queues with 4 and with 8 CPUs, and of a disk with 4 queues on 8.
    expect(spread(machine([4]), 4)).toEqual([[1], [3], [2], [0]]);
    expect(spread(machine([8]), 8)).toEqual([[1], [3], [4], [5], [6], [7], [2], [0]]);
    expect(spread(machine([8]), 4)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(spread(machine([2, 2]), 4)).toEqual([[3], [2], [1], [0]]);
  });

  test('fewer vectors than clusters, or a CPU of the node off: as before', () => {
    expect(spread(machine([4]), 3)).toEqual([[0, 1], [2], [3]]);
    // Seen on 7.2.13 with CPU 2 off.
    const off = { ...machine([4]), online: [0, 1, 3] };
    expect(spread(off, 4)).toEqual([[0], [1], [2], [3]]);
    // The other node has all its CPUs.
    expect(spread({ ...machine([2, 2]), online: [0, 1, 2] }, 4)).toEqual([[2], [3], [1], [0]]);
  });

  test('possible CPUs that are absent are spread without clusters', () => {
    expect(spread(machine([4], 1, 2), 4)).toEqual([[1], [0], [2], [3]]);
  });

  test('CPUs of a core are one cluster unless the L2 caches are told', () => {
    expect(spread(machine([4], 2), 2)).toEqual([
      [2, 3],
      [0, 1],
    ]);
    expect(spread(machine([4], 2), 3)).toEqual([[2, 3], [0], [1]]);
  });

  // The example of 89802ca36c96: 40 CPUs, four of them to an L2 cache, 11 vectors.
  test('no vector is for CPUs of two clusters: one cluster has two vectors, that of CPU 0', () => {
    const clusters = range(10).map((cluster) => range(4, 4 * cluster));
    const masks = spread({ ...machine([40]), clusters }, 11);
    expect(masks.filter((mask) => mask.length === 2)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    for (const mask of masks)
      expect(clusters.filter((cluster) => cluster.some((cpu) => mask.includes(cpu)))).toHaveLength(1);
  });
});

describe('irq_create_affinity_masks', () => {
  const behaviour = { sort: 'double-pop', nodes: 'by-size', clusters: false } as const;
  const topology = machine([2]);

  test('vectors in front keep the default affinity and are not managed', () => {
    expect(affinityMasks(3, { pre: 1, post: 0 }, topology, [0, 1], behaviour)).toEqual([
      { cpus: [0, 1], managed: false },
      { cpus: [0], managed: true },
      { cpus: [1], managed: true },
    ]);
  });

  test('nothing left to spread: no masks at all', () => {
    expect(affinityMasks(2, { pre: 2, post: 0 }, topology, [0, 1], behaviour)).toBeUndefined();
  });

  test.each([
    [3, 3, 1, 2, 3],
    [9, 9, 1, 4, 5],
    [1, 1, 2, 4, 0],
  ])('of %d to %d vectors with %d in front, %d CPUs possible: %d', (min, max, pre, possible, most) => {
    expect(affinityVectors(min, max, { pre, post: 0 }, possible)).toBe(most);
  });
});
