/** For each rule of the ladder, the spreading and the simulation a small lie, which the grid's recordings must convict. */
import { type Mutant, mutatedCopy } from '../convict.ts';
import type { comparePoint as ComparePoint } from './compare.ts';
import type { GridRecording } from './recording.ts';

const ladder = 'src/model/virtio/ladder.ts';
const spread = 'src/model/spread/spread.ts';
const masks = 'src/model/spread/masks.ts';
const sort = 'src/model/spread/sort.ts';
const vectors = 'src/model/msi/vectors.ts';
const domain = 'src/model/msi/domain.ts';
const simulate = 'src/model/vector/simulate.ts';
const predict = 'src/model/virtio/predict.ts';

export const gridMutants: readonly Mutant[] = [
  {
    rule: 'vp_find_vqs',
    lie: 'SHARED is tried before a vector for each queue',
    file: ladder,
    from: ": ['each', 'shared', 'intx'];",
    to: ": ['shared', 'each', 'intx'];",
  },
  {
    rule: 'vp_find_vqs',
    lie: 'there is no INTx',
    file: ladder,
    from: "rung === 'intx' && disk.irq === 0 && behaviour.intxGuard",
    to: "rung === 'intx'",
  },
  {
    rule: 'vp_find_vqs_msix',
    lie: 'SHARED takes one vector',
    file: ladder,
    from: "rung === 'shared' ? 2 : 1 + queues",
    to: "rung === 'shared' ? 1 : 1 + queues",
  },
  {
    rule: 'vp_request_msix_vectors',
    lie: 'SHARED_SLOW spreads as many vectors as EACH',
    file: ladder,
    from: "pre: rung === 'each' ? 1 : 2",
    to: 'pre: 1',
  },
  {
    rule: 'alloc_descs',
    lie: 'a vector in front is on no node',
    file: ladder,
    from: 'masks ? nodeOf(state, affinity.cpus[0]) : disk.node',
    to: 'disk.node',
  },
  {
    rule: 'irq_setup_affinity',
    lie: 'an irq shows all of the default affinity',
    file: ladder,
    from: 'const result = near.length > 0 ? near : mask;',
    to: 'const result = mask;',
  },
  {
    rule: 'vp_find_vqs_intx',
    lie: 'each disk on a line takes a vector',
    file: ladder,
    from: 'if (line.actions.length === 0) {',
    to: 'if (line.actions.length >= 0) {',
  },
  {
    rule: 'irq_create_affinity_masks',
    lie: 'vectors in front are managed',
    file: masks,
    from: 'const plain = { cpus: defaults, managed: false };',
    to: 'const plain = { cpus: defaults, managed: true };',
  },
  {
    rule: 'group_cpus_evenly',
    lie: 'queues no more than nodes: the last node is left out',
    file: spread,
    from: "behaviour.nodes === 'first-nodes' && index === count",
    to: 'index === count',
  },
  {
    rule: 'alloc_nodes_groups',
    lie: 'each node has as many groups',
    file: spread,
    from: '(groupsLeft * cpus.length) / cpusLeft',
    to: 'count / nodes.length',
  },
  {
    rule: 'grp_spread_init_one',
    lie: 'the last groups are the larger',
    file: spread,
    from: 'if (larger > 0) {',
    to: 'if (larger > 0 && left.size <= each * larger + larger) {',
  },
  {
    rule: 'lib/sort.c',
    lie: 'the sort is stable',
    file: sort,
    from: 'const base = items.slice();',
    to: 'const base = items.slice();\n  return base.sort(compare);',
  },
  {
    rule: 'x86_vector_deactivate',
    lie: 'a vector that was freed is not reserved again',
    file: vectors,
    from: 'if (!this.#wishes[vector]!.affinity.managed) matrix.reserve();',
    to: '',
  },
  {
    rule: 'x86_vector_alloc_irqs',
    lie: 'a failure leaves the reservations of the vectors before it',
    file: vectors,
    from: 'teardown(matrix, wishes.slice(0, index));',
    to: '',
  },
  {
    rule: 'assign_irq_vector_any_locked',
    lie: 'any node will do',
    file: domain,
    from: '[both, wanted, near, all]',
    to: '[wanted, all]',
  },
  {
    rule: 'matrix_find_best_cpu',
    lie: 'the last of equals',
    file: simulate,
    from: 'cpu.available <= most',
    to: 'cpu.available < most',
  },
  {
    rule: 'matrix_find_best_cpu_managed',
    lie: 'the first of equals',
    file: simulate,
    from: 'cpu.running <= best.running',
    to: 'cpu.running < best.running',
  },
  {
    rule: 'matrix_alloc_area',
    lie: 'the highest free bit',
    file: simulate,
    from: 'cpu.cells.indexOf(FREE, cpu.freeFrom)',
    to: 'cpu.cells.lastIndexOf(FREE)',
  },
  {
    rule: 'irq_matrix_reserve',
    lie: 'the warning comes with every reservation too many',
    file: simulate,
    from: 'this.globalReserved === this.globalAvailable',
    to: 'this.globalReserved >= this.globalAvailable',
  },
  {
    rule: 'call_driver_probe',
    lie: 'the message is the other one',
    file: predict,
    from: 'return behaviour.failureNamesDriver',
    to: 'return !behaviour.failureNamesDriver',
  },
];

/** The first point that convicts the mutant, or without one the model; undefined: it got away. */
export async function convictByGrid(
  recordings: readonly (readonly [string, GridRecording])[],
  mutant?: Mutant,
): Promise<string | undefined> {
  const file = 'conformance/grid/compare.ts';
  const { comparePoint } = await mutatedCopy<{ comparePoint: typeof ComparePoint }>(file, mutant);
  for (const [name, recording] of recordings) {
    for (const point of recording.points) {
      const [first] = comparePoint(recording, point).differences;
      if (first) return `${name} ${point.name}: ${first.slice(0, 60)}`;
    }
  }
  return undefined;
}
