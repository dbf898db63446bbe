/** The interrupt line of each disk's INTA#, as QEMU's q35 wires it and Linux's ACPI routing finds it. */
import type { PciSlot } from '../machine/spec.ts';
import { q35Line, swizzled } from '../model/intx/wiring.ts';
import { diskId, diskPortId } from './disks.ts';

/** By index of the disk; those that are not there, or somewhere else, are left out. */
export function diskLines(pci: readonly PciSlot[], count: number): number[] {
  const lines = new Map<string, number>();
  for (const entry of pci) {
    if (entry.kind === 'root-port') lines.set(entry.id, q35Line(entry.slot, 0));
    if (entry.kind !== 'pci-bridge') continue;
    for (const device of entry.devices) lines.set(device.id, q35Line(entry.slot, swizzled(device.slot, 0)));
  }
  return Array.from({ length: count }, (_, i) => lines.get(diskId(i)) ?? lines.get(diskPortId(i))).filter(
    (line) => line !== undefined,
  );
}
