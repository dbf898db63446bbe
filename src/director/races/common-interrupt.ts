/** The way of a device's interrupt on the CPU that takes it (arch/x86/kernel/irq.c): the same in every race about it. */
import type { ActionPlace } from './race-map.ts';

/** The slot has no handler: about to look again under the lock (ce0b5eedcb75), or about to wipe it. */
const noHandler = [
  { in: '__common_interrupt', calls: 'lock_vector_lock' },
  { in: '__common_interrupt', writes: 'vector_irq' },
] as const;

/** @param irq whose handler it comes to, if it does: `{irq}` */
export function commonInterrupt(irq: string): Readonly<Record<string, ActionPlace>> {
  return {
    enter: { before: [{ in: '__common_interrupt', reads: 'vector_irq' }] },
    'decide-wipe': { within: 'cpu' },
    'no-handler': { within: 'cpu' },
    wipe: { before: noHandler, look: { name: 'slot' } },
    'reevaluate-found': { before: noHandler },
    handle: { before: [{ function: 'handle_edge_irq', where: { 'desc.irq_data.irq': irq } }] },
    handler: { before: [{ function: 'vfio_msihandler', where: { arg0: irq } }], after: leaving },
    // The EOI is no call of a symbol, and no other process of the model can see it: the first place behind it.
    eoi: { before: leaving },
  };
}

const leaving = [{ function: 'irq_exit_rcu' }] as const;
