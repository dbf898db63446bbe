/** trace_clock=global: a CPU that lags gets the time of another CPU's event, and the reader sorts by CPU number. */
import { expect, test } from 'vitest';
import { SameTime } from '../../src/verdict/same-time.ts';
import { TraceCheck } from '../../src/verdict/vectors.ts';

const totals = (rsvd: number) => `online_maps=2 global_avl=400, global_rsvd=${rsvd}, total_alloc=2`;
const event = (cpu: number, time: string, rsvd: number) =>
  `          <idle>-0       [00${cpu}] d..1. ${time}: irq_matrix_reserve: ${totals(rsvd)}`;

function impossibleLine(lines: readonly string[]): number | undefined {
  const check = new TraceCheck();
  for (const line of lines) if (!check.line(line)) break;
  check.end();
  return check.summary.impossible?.line;
}

test('events of several CPUs and one time are taken in the order that explains them', () => {
  const first = event(0, '1.000000', 5);
  const mixed = [event(0, '2.000000', 7), event(0, '2.000000', 8), event(1, '2.000000', 6)];
  expect(impossibleLine([first, ...mixed, event(1, '3.000000', 9)])).toBeUndefined();
  expect(impossibleLine([first, ...mixed])).toBeUndefined();
  // The other CPU's event does not explain it, or is of another time.
  expect(impossibleLine([first, event(0, '2.000000', 8), event(1, '2.000000', 6)])).toBe(2);
  expect(impossibleLine([first, event(0, '2.000000', 7), event(1, '2.000001', 6)])).toBe(2);
  expect(impossibleLine([first, event(0, '2.000000', 7)])).toBe(2);
});

test('events of one CPU keep their order', () => {
  const lines = [event(0, '1.000000', 5), event(1, '2.000000', 7), event(1, '2.000000', 6)];
  expect(impossibleLine([...lines, event(0, '3.000000', 8)])).toBe(2);
});

test('what can never be is not waited for without end', () => {
  const order = new SameTime<{ number: number; text: string; executing: number }>(() => false);
  let pushed = 0;
  while (order.push({ number: pushed, text: event(0, '1.000000', 1), executing: 0 })) pushed += 1;
  expect(pushed).toBeLessThan(5000);
  expect(order.first?.number).toBe(0);
});
