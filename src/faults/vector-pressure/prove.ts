/** The matrix says itself how many vectors were left. */
import { countersOf } from '../common/affinity.ts';
import type { Proof } from '../fault.ts';
import type { Pressure } from './inject.ts';
import type { VectorPressureFault } from './schema.ts';

export function provePressure(
  { leave }: VectorPressureFault,
  { running, trace }: Pick<Pressure, 'running' | 'trace'>,
): Proof {
  const { counters, seconds } = countersOf(running);
  const { held = 0, free = 0, left = Number.NaN, alive } = counters;
  const lowest = Math.min(...availableIn(trace));
  const measured = { held, free, left, seconds, ...(Number.isFinite(lowest) ? { lowest } : {}) };
  const because = [
    `${held} interrupt vectors were taken of ${free} for ${seconds.toFixed(1)} s`,
    // The trace of another than the program: what the matrix had after its last event.
    Number.isFinite(lowest)
      ? `the matrix had ${lowest} left at the least (global_avl)`
      : 'the trace has no event of the matrix',
    ...(held > 0 && alive !== 1 ? ['the program that held them ended by itself', ...said(running)] : []),
    ...(held === 0 && free <= leave ? [`no more than ${leave} were left before`] : []),
    ...(held === 0 && free > leave ? said(running) : []),
  ];
  return { proved: held > 0 && alive === 1 && lowest <= leave, because, measured };
}

/** `global_avl` after each event, in the order of the trace. */
export function availableIn(trace: string): number[] {
  return [...trace.matchAll(/ irq_matrix_\w{1,40}: [^\n]{0,120}\bglobal_avl=(\d{1,7}),/g)].map(([, avl]) =>
    Number(avl),
  );
}

function said({ lines }: Pressure['running']): string[] {
  return lines.filter(({ text }) => !text.startsWith('held=')).map(({ text }) => text);
}
