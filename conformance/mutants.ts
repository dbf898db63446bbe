/**
 * For each rule of the vector model a small lie about it. Real traces must convict every one: a rule whose lie goes
 * unnoticed is not checked by them.
 */
import type { Mutant } from './convict.ts';

const laws = 'src/model/vector/laws.ts';
const bits = 'src/model/vector/bits.ts';
const choice = 'src/model/vector/choice.ts';
const cpu = 'src/model/vector/cpu.ts';
const online = 'src/model/vector/online.ts';
const matrix = 'src/model/vector/matrix.ts';
const unprinted = 'src/model/vector/unprinted.ts';
const activate = 'src/model/domain/activate.ts';
const life = 'src/model/domain/life.ts';
const move = 'src/model/domain/move.ts';
const domainMatrix = 'src/model/domain/matrix.ts';

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
    rule: 'MX3',
    lie: 'what a dying CPU frees stays counted in total_alloc',
    file: unprinted,
    from: 'plus(state.totalAllocated, delta.totalAllocated)',
    to: 'state.totalAllocated',
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
    from: 'return reserved ? [-1, -1] : [0, 0];',
    to: 'return [0, 0];',
  },
  {
    rule: 'MX5',
    lie: 'a map that comes online is not counted',
    file: online,
    from: '{ onlineMaps: sign, globalAvailable',
    to: '{ onlineMaps: 0, globalAvailable',
  },
  {
    rule: 'MX5',
    lie: 'the map of a dying CPU stays online',
    file: unprinted,
    from: 'online: false, initialized: true',
    to: 'online: true, initialized: true',
  },
  {
    rule: 'MX6',
    lie: 'a freed bit stays taken',
    file: bits,
    from: 'withCell(cells, bit, running ? RESERVED : FREE)',
    to: 'withCell(cells, bit, running ? RESERVED : ALLOCATED)',
  },
  {
    rule: 'MX6',
    lie: 'a map has one bit less',
    file: online,
    from: 'const end = first ? allocEnd(state.blank, capacity) : matrixBits;',
    to: 'const end = first ? allocEnd(state.blank, capacity) - 1 : matrixBits;',
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
    lie: 'the lowest bit that fits is passed over',
    file: bits,
    from: 'if (bit <= certain && ',
    to: 'if (bit < certain && ',
  },
  {
    rule: 'MX8',
    lie: 'of CPUs with equally many available bits the last is taken',
    file: choice,
    from: "return how === 'most-available' ? value > most :",
    to: "return how === 'most-available' ? value >= most :",
  },
  {
    rule: 'MX8',
    lie: 'the affinity mask does not matter',
    file: choice,
    from: 'if (mask && !hasCpu(mask, cpu)) continue;\n    const one = cpus[cpu];',
    to: 'const one = cpus[cpu];',
  },
  {
    rule: 'MX9',
    lie: 'of CPUs where equally many managed interrupts run the first is taken',
    file: choice,
    from: 'value > most : value <= most;',
    to: 'value > most : value < most;',
  },
  {
    rule: 'VX1',
    lie: 'an interrupt that is given up while it moves first frees the vector that it left',
    file: move,
    from: 'frees.push({ vector: f.prev_vector!',
    to: 'frees.unshift({ vector: f.prev_vector!',
  },
  {
    rule: 'VX1',
    lie: 'a move that completes gives up the new vector',
    file: move,
    from: 'const freed = { vector: f.vector!, cpu: f.cpu!,',
    to: 'const freed = { vector: irq.vector ?? 0, cpu: irq.cpu ?? 0,',
  },
  {
    rule: 'VX2',
    lie: 'every allocation uses up a reservation',
    file: activate,
    from: "complaints.is('VX2', 'reserved', f.reserved, taken.reserved, by)",
    to: "complaints.is('VX2', 'reserved', f.reserved, true, by)",
  },
  {
    rule: 'VX3',
    lie: 'a reservation that was used up is still there',
    file: move,
    from: '  irq.hasReserved = false;',
    to: '  irq.hasReserved = true;',
  },
  {
    rule: 'VX4',
    lie: 'an interrupt that moved is where it was',
    file: move,
    from: '  irq.cpu = f.cpu;',
    to: '  irq.cpu = f.prev_vector ? f.prev_cpu : f.cpu;',
  },
  {
    rule: 'VX5',
    lie: 'an interrupt without a vector points at 238',
    file: life,
    from: 'export const dummyVector = 239;',
    to: 'export const dummyVector = 238;',
  },
  {
    rule: 'VX5',
    lie: 'the dummy vector is on the CPU that asks',
    file: activate,
    from: "f.cpu!, firstOnline(matrix), 'the first",
    to: "f.cpu!, here.executing, 'the first",
  },
  {
    rule: 'VX6',
    lie: 'the hardware is told before the reservation is',
    file: domainMatrix,
    from: "next: 'vector_reserve',",
    to: "next: 'vector_config',",
  },
  {
    rule: 'VX7',
    lie: 'an interrupt that is torn down is still set up',
    file: life,
    from: 'if (domain.sinceBoot) domain.irqs.delete(irq.irq);',
    to: 'if (domain.sinceBoot) irq.vector = 0;',
  },
  {
    rule: 'VX8',
    lie: 'an interrupt that has a vector gets no other',
    file: activate,
    from: 'irq.isSetUp === true && irq.vector === 0 && irq.due',
    to: 'irq.isSetUp === true && irq.vector !== 0 && irq.due',
  },
  {
    rule: 'VX8',
    lie: 'an activation is tried three times',
    file: activate,
    from: 'if (failed !== 2 && failed !== 4)',
    to: 'if (failed !== 3)',
  },
  {
    rule: 'VX9',
    lie: 'a vector moves within its CPU',
    file: move,
    from: 'if (f.prev_cpu === f.cpu)',
    to: 'if (f.prev_cpu !== f.cpu)',
  },
  {
    rule: 'VX9',
    lie: 'a move is never cleaned up',
    file: move,
    from: 'irq.isManaged = f.is_managed === 1;\n  irq.prevVector = 0;',
    to: 'irq.isManaged = f.is_managed === 1;',
  },
  {
    rule: 'VX10',
    lie: 'a managed interrupt has all its bits on the first CPU of its mask',
    file: domainMatrix,
    from: 'nextCpu(mask, last === undefined ? 0 : last + 1)',
    to: 'nextCpu(mask, 0)',
  },
  {
    rule: 'VX10',
    lie: 'its bits are given back from the last CPU down',
    file: domainMatrix,
    from: 'const next = held.cpus?.[0];',
    to: 'const next = held.cpus?.at(-1);',
  },
  {
    rule: 'VX11',
    lie: 'apicdest is that of the CPU before',
    file: activate,
    from: 'domain.destinations.set(f.cpu!,',
    to: 'domain.destinations.set(f.cpu! + 1,',
  },
];
