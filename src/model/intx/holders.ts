/** Who has a line, from the names of /proc/interrupts, which does not show their flags: what each must have asked with. */
import { irqf, timerFlags } from '../genirq/flags.ts';
import type { Action } from '../genirq/sharing.ts';
import { vfioOwner } from '../vfio/triggers.ts';
import { type IntxFunction, maskingOf } from './foresee.ts';

export interface LineNames {
  irq: number;
  /** `uhci_hcd:usb1`, `vfio-intx(0000:00:05.0)`, in the order of request. */
  actions: readonly string[];
  /** An edge-triggered line: no PCI INTx is wired to it. */
  edge: boolean;
}

interface World {
  nointxmask: boolean;
  condOneshotRequests: boolean;
  functions: ReadonlyMap<string, IntxFunction>;
}

/**
 * A PCI driver says IRQF_SHARED, for its line is nobody's own (Documentation/PCI/pci.rst, "request IRQ"); a legacy
 * device on an edge-triggered line of its own says nothing. vfio's are known.
 */
export function heldLine({ irq, actions, edge }: LineNames, world: World): readonly Action[] {
  const request = world.condOneshotRequests ? irqf.COND_ONESHOT : 0;
  return actions.map((name): Action => {
    const owner = vfioOwner(name);
    if (name === 'timer' && irq === 0) return { name, flags: timerFlags };
    if (!owner) return { name, flags: request | (edge ? 0 : irqf.SHARED) };
    const fn = world.functions.get(owner.bdf) ?? { trust: 'no' as const };
    const masking = maskingOf(fn, world.nointxmask);
    return { name, flags: request | (masking === 'can' || masking === 'assumed' ? irqf.SHARED : 0) };
  });
}
