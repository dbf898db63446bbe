/** Words for the kernel command line that trace the vector matrix and the x86 vector domain since boot. */

/** `trace_event=` knows no patterns but `system:*`, and the rest of irq_vectors is every interrupt that arrives. */
const vectorEvents =
  'config update clear reserve reserve_managed alloc alloc_managed activate deactivate teardown setup free_moved'
    .split(' ')
    .map((name) => `irq_vectors:vector_${name}`);

/** Handlers entered and left: what a ledger sets against the interrupts raised. */
const handlerEvents = ['irq:irq_handler_entry', 'irq:irq_handler_exit'];

/** Of each CPU: a handler run is two events of some 40 bytes. */
export const ledgerBufferMiB = 16;

/** Of each CPU: a device that comes and goes is some hundred events of 100 bytes. */
export const accountsBufferMiB = 8;

/** @param bufferMiB of each CPU: one CPU may have it all to say */
export function vectorTraceWords(bufferMiB: number, ledger: boolean): string[] {
  const events = [...vectorEvents, ...(ledger ? handlerEvents : [])];
  return [
    `trace_event=irq_matrix:*,${events.join(',')}`,
    `trace_buf_size=${bufferMiB}M`,
    // One count for all CPUs: the order in the text is then the order of the vector lock. The global clock gives two CPUs one time.
    `trace_clock=${ledger ? 'global' : 'counter'}`,
    // The global clock is as steady as the TSC is believed to be. Linux does not believe it of more than one CPU (before
    // 6.9 or so, without constant_tsc and Intel's name: arch/x86/kernel/tsc.c unsynchronized_tsc), nor when its watchdog saw a CPU
    // starve; then sched_clock() is held to jiffies and jumps by milliseconds. The TSC of an emulated machine is one for all CPUs.
    ...(ledger ? ['tsc=reliable'] : []),
  ];
}
