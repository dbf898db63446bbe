import { matrixProbesWord } from '../src/evidence/ftrace/probes.ts';

/** The kernel words that record every event of the vector matrix and of the interrupts that ask it, since boot. */

/** `trace_event=` knows no patterns but `system:*`; the entries and exits of irq_vectors are not wanted. */
const vectorEvents =
  'config update clear reserve reserve_managed alloc alloc_managed activate deactivate teardown setup free_moved'
    .split(' ')
    .map((name) => `irq_vectors:vector_${name}`);

/** @param cpus possible CPUs: the probes, which begin to speak after the CPUs are up, read a mask that long. */
export function traceWords(ringKiB: number, cpus: number): string[] {
  return [
    `trace_event=irq_matrix:*,${vectorEvents.join(',')}`,
    `trace_buf_size=${ringKiB}K`,
    // One count for all CPUs: the order in the text is then the order of the vector lock. The global clock gives two CPUs
    // the same time where one lags (kernel/trace/trace_clock.c trace_clock_global), and then their order is lost.
    'trace_clock=counter',
    matrixProbesWord(cpus),
  ];
}
