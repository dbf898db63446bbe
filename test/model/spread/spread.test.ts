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
  return { possible: range(from), present: range(from - absent), nodes, siblings };
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
    spreadCpus(count, topology, { sort, nodes: 'by-size' });
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
    expect(spreadCpus(3, topology, { sort: 'heap', nodes: 'even' })).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(spreadCpus(1, topology, { sort: 'heap', nodes: 'even' })).toEqual([[0, 1, 2, 3, 4, 5]]);
    expect(spreadCpus(1, topology, { sort: 'heap', nodes: 'first-nodes' })).toEqual([[0, 1]]);
  });
});

describe('irq_create_affinity_masks', () => {
  const behaviour = { sort: 'double-pop', nodes: 'by-size' } as const;
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
