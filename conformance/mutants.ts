/**
 * For each rule of the vector model a small lie about it. Real traces must convict every one: a rule whose lie goes
 * unnoticed is not checked by them.
 */
import type { Mutant } from './convict.ts';

const laws = 'src/model/vector/laws.ts';
const bits = 'src/model/vector/bits.ts';
const cpu = 'src/model/vector/cpu.ts';
const online = 'src/model/vector/online.ts';
const matrix = 'src/model/vector/matrix.ts';
const link = 'src/model/vector/link.ts';

export const mutants: readonly Mutant[] = [
  {
    rule: 'MX1',
    lie: 'a managed reservation leaves avl as it is',
    file: laws,
    from: 'managed: 1, available: -one, globalAvailable: -one',
    to: 'managed: 1, available: 0, globalAvailable: -one',
  },
  {
    rule: 'MX1',
    lie: 'a managed allocation takes an available bit',
    file: laws,
    from: 'return { ...none, allocated: 1, running: 1, totalAllocated: 1 };',
    to: 'return { ...none, allocated: 1, running: 1, totalAllocated: 1, available: -1 };',
  },
  {
    rule: 'MX1',
    lie: 'an offline map that was online loses available bits to managed ones',
    file: laws,
    from: 'managed: 1, available: -one, globalAvailable: -one',
    to: 'managed: 1, available: -1, globalAvailable: -one',
  },
  {
    rule: 'MX2',
    lie: 'managed bits of an offline map count in global_avl',
    file: laws,
    from: 'managed: -1, available: one, globalAvailable: one',
    to: 'managed: -1, available: one, globalAvailable: 1',
  },
  {
    rule: 'MX2',
    lie: 'a free of a managed vector gives back to global_avl',
    file: laws,
    from: 'globalAvailable: online ? freed : 0,',
    to: 'globalAvailable: online ? 1 : 0,',
  },
  {
    rule: 'MX3',
    lie: 'a managed allocation is not counted in total_alloc',
    file: laws,
    from: 'return { ...none, allocated: 1, running: 1, totalAllocated: 1 };',
    to: 'return { ...none, allocated: 1, running: 1, totalAllocated: 0 };',
  },
  {
    rule: 'MX4',
    lie: 'a reservation that is given up stays counted',
    file: matrix,
    from: 'return reservation(state, event, -1);',
    to: 'return reservation(state, event, 0);',
  },
  {
    rule: 'MX4',
    lie: 'no allocation uses up a reservation',
    file: cpu,
    from: "const reserved = event.kind === 'alloc' ? -1 : 0;",
    to: 'const reserved = 0;',
  },
  {
    rule: 'MX5',
    lie: 'a map that comes online is not counted',
    file: online,
    from: '{ onlineMaps: sign, globalAvailable',
    to: '{ onlineMaps: 0, globalAvailable',
  },
  {
    rule: 'MX6',
    lie: 'a freed bit stays taken',
    file: bits,
    from: 'withCell(cells, bit, running ? RESERVED : FREE)',
    to: 'withCell(cells, bit, running ? RESERVED : ALLOCATED)',
  },
  {
    rule: 'MX7',
    lie: 'a managed vector that stops gives its bit to everybody',
    file: bits,
    from: 'withCell(cells, bit, running ? RESERVED : FREE)',
    to: 'withCell(cells, bit, FREE)',
  },
  {
    rule: 'MX8',
    lie: 'a managed interrupt gets any free bit',
    file: bits,
    from: "alloc_managed: { from: RESERVED, to: RUNNING, what: 'reserved and not in use' },",
    to: "alloc_managed: { from: FREE, to: RUNNING, what: 'reserved and not in use' },",
  },
  {
    rule: 'MX8',
    lie: 'the lowest bit that fits is passed over',
    file: bits,
    from: 'if (bit <= certain && ',
    to: 'if (bit < certain && ',
  },
  {
    rule: 'VX1',
    lie: 'a move that completes gives up the new vector',
    file: link,
    from: 'const owned = [[fields.vector, fields.cpu]];',
    to: 'const owned = [[fields.prev_vector ?? 0, fields.prev_cpu ?? 0]];',
  },
  {
    rule: 'VX2',
    lie: 'every allocation uses up a reservation',
    file: link,
    from: "check('reserved', last.reserved ? 1 : 0)",
    to: "check('reserved', 1)",
  },
];
