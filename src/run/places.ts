/** Where a device sits in a machine's PCI tree, found from the plan's spec. */
import type { GuestPlan } from '../lab/plan.ts';
import type { PciDevice, PciPort, PciSlot } from '../machine/spec.ts';

/** `00:04.0/00.0`: each step but the first is slot.function on the bus below the step before. */
export function pciPath(slots: PciSlot[], id: string): string | undefined {
  for (const slot of slots) {
    const step = `00:${address(slot.slot, slot.function)}`;
    const below = pathBelow(slot, id);
    if (below !== undefined) return [step, ...below].join('/');
  }
  return undefined;
}

/** The path of a passed-through function inside its guest. */
export function guestPath(plan: GuestPlan, functionName: string): string {
  const qdevId = plan.passthrough.find((p) => p.function === functionName)?.qdevId;
  const path = qdevId === undefined ? undefined : pciPath(plan.spec.pci, qdevId);
  if (path === undefined) throw new Error(`${functionName} is nowhere in ${plan.id}'s PCI tree`);
  return path;
}

function pathBelow(node: PciPort | PciDevice, id: string): string[] | undefined {
  if (node.id === id) return [];
  if (node.kind === 'root-port') {
    const below = node.child && pathBelow(node.child, id);
    return below && ['00.0', ...below];
  }
  if (node.kind === 'switch') {
    for (const leg of node.downstream) {
      if (leg.id === id) return [address(leg.slot)];
      const below = leg.child && pathBelow(leg.child, id);
      if (below) return [address(leg.slot), '00.0', ...below];
    }
  }
  if (node.kind === 'pci-bridge') {
    const device = node.devices.find((d) => d.id === id);
    if (device) return [address(device.slot)];
  }
  return undefined;
}

function address(slot: number, fn = 0): string {
  return `${slot.toString(16).padStart(2, '0')}.${fn}`;
}
