/**
 * A slot's button, as QEMU presses it and pciehp takes it. Source: QEMU hw/pci/pcie.c (10.0: pcie_cap_slot_plug_cb and
 * pcie_cap_slot_unplug_request_cb each set the attention button event), Linux drivers/pci/hotplug/pciehp_ctrl.c
 * (v6.1, v6.12, v7.2) pciehp_handle_button_press: a press means on for a slot that is off, off for one that is on.
 *
 * A device that is plugged in while the slot still powers off from the one before it (a second, remove_board()) is
 * found and enabled at the end of that; its press is taken only then, and means off: the device goes again 5 s later.
 */

export type SlotEvent =
  /** QEMU put a device in, or was asked to take it out: it pressed the button. */
  | { kind: 'asked'; for: 'plug' | 'unplug' }
  /** The kernel took a press and will turn the slot on or off. */
  | { kind: 'taken'; as: 'on' | 'off' };

export type SlotComplaint =
  /** The press of a `device_add` was taken as a wish to turn the slot off. */
  | 'plug-taken-as-unplug'
  /** A press that nobody made. */
  | 'nobody-pressed';

export interface SlotState {
  /** Presses that the kernel has not taken yet, oldest first. */
  presses: readonly ('plug' | 'unplug')[];
}

export function emptySlot(): SlotState {
  return { presses: [] };
}

/** Several presses that come before the kernel looks are one event of the slot's status register. */
export function stepSlot(
  { presses }: SlotState,
  event: SlotEvent,
): { state: SlotState; complaint?: SlotComplaint } {
  switch (event.kind) {
    case 'asked':
      return { state: { presses: [...presses, event.for] } };
    case 'taken': {
      if (presses.length === 0) return { state: { presses }, complaint: 'nobody-pressed' };
      const wanted = event.as === 'on' ? 'plug' : 'unplug';
      const at = presses.indexOf(wanted);
      // What is before it was never taken: the slot came up by the card's presence before the press was looked at.
      if (at >= 0) return { state: { presses: presses.slice(at + 1) } };
      if (event.as === 'on') return { state: { presses: presses.slice(1) } };
      return { state: { presses: presses.slice(1) }, complaint: 'plug-taken-as-unplug' };
    }
  }
}
