/** Who holds which slots, from real lines of a trace (6.1, two CPUs: one disk with two queues comes and goes). */
import { describe, expect, test } from 'vitest';
import { readVectorText } from '../../../src/evidence/ftrace/vectors.ts';
import { SlotLedger } from '../../../src/verdict/slots/ledger.ts';

const totals = 'online_maps=2 global_avl=393, global_rsvd=10, total_alloc=7';
const matrix = (kind: string, cpu: number, more = '') =>
  `irq_matrix_${kind}: bit=36 cpu=${cpu} online=1 avl=197 alloc=3 managed=1 ${totals}${more}`;

function held(events: readonly string[], cpu = '000') {
  const ledger = new SlotLedger();
  for (const [i, event] of events.entries()) {
    const read = readVectorText(`        modprobe-512     [${cpu}] d..2.     4.567890: ${event}`);
    if (!read) throw new Error(`no event: ${event}`);
    ledger.read(read, i + 1);
  }
  return Object.fromEntries(
    [...ledger.holdings()].map(([irq, h]) => [irq, [h.managed, h.running, h.ordinary, h.lines.join(' ')]]),
  );
}

const reserved = [
  matrix('reserve_managed', 0),
  matrix('reserve_managed', 1),
  'vector_reserve_managed: irq=26 ret=0',
];
const running = [...reserved, matrix('alloc_managed', 1), 'vector_alloc_managed: irq=26 vector=36 ret=0'];

describe('a managed interrupt', () => {
  test('holds a bit on each CPU of its mask, in use or not', () => {
    expect(held(reserved)).toEqual({ 26: [2, false, 0, '1 2'] });
    expect(held(running)).toEqual({ 26: [2, true, 0, '1 2 5'] });
  });

  test('keeps them while it is stopped, and gives all up when it is torn down', () => {
    const stopped = [...running, 'vector_clear: irq=26 vector=36 cpu=1 prev_vector=0 prev_cpu=0'];
    expect(held(stopped)).toEqual({ 26: [2, false, 0, '1 2 5'] });
    expect(held([...stopped, 'vector_teardown: irq=26 is_managed=1 has_reserved=0'])).toEqual({});
  });

  test('that was refused holds nothing, and leaves nothing to the next one', () => {
    const refused = [matrix('reserve_managed', 0), 'vector_reserve_managed: irq=25 ret=-28'];
    expect(held(refused)).toEqual({});
    expect(held([...refused, ...reserved])).toEqual({ 26: [2, false, 0, '3 4'] });
  });

  test('counts bits of CPUs that are offline apart', () => {
    const ledger = new SlotLedger();
    const lines = [
      matrix('reserve_managed', 0),
      matrix('reserve_managed', 1).replace('online=1', 'online=0'),
      'vector_reserve_managed: irq=26 ret=0',
    ];
    for (const line of lines)
      ledger.read(readVectorText(`        modprobe-512     [001] d..2.     4.5: ${line}`)!, 1);
    expect(ledger.holdings().get(26)).toMatchObject({ managed: 2, managedOnline: 1 });
  });
});

describe('any other interrupt', () => {
  const has = 'vector_alloc: irq=25 vector=37 reserved=1 ret=0';

  test('holds one bit from its request on, and none while it waits for one', () => {
    expect(held(['vector_reserve: irq=25 ret=0'])).toEqual({});
    expect(held(['vector_alloc: irq=25 vector=0 reserved=1 ret=-28'])).toEqual({});
    expect(held([has])).toEqual({ 25: [0, false, 1, '1'] });
  });

  test('holds two while it moves', () => {
    const moves = [has, 'vector_alloc: irq=25 vector=40 reserved=0 ret=0'];
    expect(held(moves)).toEqual({ 25: [0, false, 2, '1 2'] });
    const moved = [...moves, 'vector_free_moved: irq=25 cpu=1 vector=37 is_managed=0'];
    expect(held(moved)).toEqual({ 25: [0, false, 1, '1 2'] });
  });

  test('gives both up when it is cleared in the middle of a move', () => {
    const moves = [has, 'vector_alloc: irq=25 vector=40 reserved=0 ret=0'];
    const cleared = [...moves, 'vector_clear: irq=25 vector=40 cpu=0 prev_vector=37 prev_cpu=1'];
    expect(held(cleared)).toEqual({});
  });
});
