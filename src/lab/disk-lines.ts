/** The interrupt line of each disk's INTA#, as QEMU's q35 wires it and Linux's ACPI routing finds it. */
import type { PciSlot } from '../machine/spec.ts';
import { diskId, diskPortId } from './disks.ts';

/** GSI of pin `pin` (0: INTA#) of slot 1 to 24 of the root bus (hw/i386/acpi-build.c, build_q35_pci0_int). */
const gsi = (slot: number, pin: number) => 20 + ((slot + pin) & 3);

/** By index of the disk; those that are not there, or somewhere else, are left out. */
export function diskLines(pci: readonly PciSlot[], count: number): number[] {
  const lines = new Map<string, number>();
  for (const entry of pci) {
    // A device is in slot 0 behind a root port, and keeps its pin (pci_swizzle_interrupt_pin).
    if (entry.kind === 'root-port') lines.set(entry.id, gsi(entry.slot, 0));
    if (entry.kind !== 'pci-bridge') continue;
    for (const device of entry.devices) lines.set(device.id, gsi(entry.slot, device.slot & 3));
  }
  return Array.from({ length: count }, (_, i) => lines.get(diskId(i)) ?? lines.get(diskPortId(i))).filter(
    (line) => line !== undefined,
  );
}
