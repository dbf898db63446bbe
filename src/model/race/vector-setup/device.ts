/** What raises the interrupt, and who it is for: the device, and where there is one the guest with its QEMU. */
import type { Action } from '../scenario.ts';
import type { Field, Layout } from './layout.ts';
import type { SwitchTask } from './task.ts';

export function deviceActions(layout: Layout, d: number, process: string): Action[] {
  const f = (name: Field) => layout.field(d, name);
  return [
    {
      ...{ process, id: 'raise', text: 'raises its interrupt', fair: false },
      step(s, next) {
        if (s[f('raises')] === 0 || s[f('enabled')] === 0) return false;
        if (layout.options.waitsForAck && s[f('owed')] === 1) return false;
        next[f('raises')] = s[f('raises')]! - 1;
        next[f('owed')] = 1;
        if (s[f('masked')]) next[f('pending')] = 1;
        else layout.send(next, d);
        return true;
      },
    },
  ];
}

/**
 * Read: hw/vfio/pci.c of QEMU (vfio_msi_interrupt: run by the main loop under the BQL, which the vCPU's exit holds
 * too), hw/pci/msix.c (msix_notify: a masked vector sets its pending bit).
 */
export function guestActions(layout: Layout, d: number, task: SwitchTask, process: string): Action[] {
  const f = (name: Field) => layout.field(d, name);
  return [
    {
      ...{ process: 'QEMU', id: 'qemu-notify', text: 'vfio_msi_interrupt(): msix_notify()' },
      step(s, next) {
        if (s[f('eventfd')] === 0 || !task.isAtRest(s)) return false;
        next[f('eventfd')] = 0;
        next[s[f('guestMask')] ? f('pba') : f('injected')] = 1;
        return true;
      },
    },
    {
      ...{ process, id: 'guest-handle', text: 'the guest handles it' },
      step(s, next) {
        if (s[f('injected')] === 0 || !task.isAtRest(s)) return false;
        next[f('injected')] = 0;
        next[f('owed')] = 0;
        return true;
      },
    },
  ];
}
