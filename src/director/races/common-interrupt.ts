/** The way of a device's interrupt on the CPU that takes it (arch/x86/kernel/irq.c): the same in every race about it. */
import type { Place } from '../schedule.ts';
import type { ActionPlace } from './race-map.ts';

/**
 * The request of an MSI-X interrupt unmasks it. Since 6.18 (and carried to stable trees) the chip has a function for the
 * start, and the one that unmasks is not called (54f45a30c0d0 PCI/MSI: Add startup/shutdown for per device domains).
 */
const unmasks = [
  'pci_irq_unmask_msix',
  'pci_irq_startup_msix',
  // Before there was a domain for each device (6.2).
  'pci_msi_unmask_irq',
];

/** @param irq as in `where`: `{irq}` */
export function aboutToUnmask(irq: string): Place[] {
  return unmasks.map((name) => ({ function: name, where: { 'data.irq': irq } }));
}

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
