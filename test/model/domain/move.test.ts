/** VX1 and VX2: the affinity move of ttyS0 from CPU 1 to CPU 0 (kernel-model §10.3), and lies in it. */
import { expect, test } from 'vitest';
import { TraceCheck } from '../../../src/verdict/vectors.ts';

const totals = (avl: number, total: number) =>
  `online_maps=4 global_avl=${avl}, global_rsvd=9, total_alloc=${total}`;
const move = [
  `[000] d.h4. 1.000000: irq_matrix_alloc: bit=35 cpu=0 online=1 avl=197 alloc=4 managed=0 ${totals(792, 12)}`,
  '[000] d.h4. 1.000001: vector_alloc: irq=4 vector=35 reserved=0 ret=0',
  '[000] d.h4. 1.000002: vector_update: irq=4 vector=35 cpu=0 prev_vector=34 prev_cpu=1',
  '[000] d.h4. 1.000003: vector_config: irq=4 vector=35 cpu=0 apicdest=0x00000001',
  '[001] d.H2. 1.000800: vector_free_moved: irq=4 cpu=1 vector=34 is_managed=0',
  `[001] d.H2. 1.000801: irq_matrix_free: bit=34 cpu=1 online=1 avl=199 alloc=2 managed=0 ${totals(793, 11)}`,
];

function firstImpossible(lines: readonly string[]) {
  const check = new TraceCheck();
  for (const line of lines) if (!check.line(`          <idle>-0       ${line}`)) break;
  check.end();
  const { impossible } = check.summary;
  return impossible && `${impossible.line} ${impossible.departures.map((d) => `${d.rule} ${d.field}`)}`;
}

test('the move is explained: between its two halves the irq owns two bits', () => {
  expect(firstImpossible(move)).toBeUndefined();
});

test.each([
  [1, 'vector=35', 'vector=36', '2 VX2 vector'],
  [2, 'vector=35', 'vector=36', '3 VX2 vector'],
  [2, 'cpu=0', 'cpu=2', '3 VX2 cpu'],
  [5, 'bit=34', 'bit=33', '6 VX1 bit'],
  [5, 'cpu=1', 'cpu=2', '6 VX1 bit'],
])('line index %i with %s as %s', (index, from, to, found) => {
  expect(firstImpossible(move.with(index, move[index]!.replace(from, to)))).toBe(found);
});

test('a reservation is used up in the matrix and for the interrupt, or in neither', () => {
  const before = `[000] d..1. 0.900000: irq_matrix_reserve: ${totals(793, 11)}`;
  expect(firstImpossible([before, ...move])).toBeUndefined();
  const said = move[1]!.replace('reserved=0', 'reserved=1');
  expect(firstImpossible([before, ...move.with(1, said)])).toBe('3 VX2 reserved');
});
