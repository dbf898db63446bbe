/** What a device on the root bus is, kind by kind, and the plan of each. */
import type { PciSlot } from '../machine/spec.ts';
import { type Pin, q35Line } from '../model/intx/wiring.ts';
import type { LabFunction } from './lab-function.ts';
import type { RootDevicePlan } from './plan.ts';
import type { Device, Lab } from './schema.ts';

export type RootDevice = Extract<Device, { slot: number }>;

interface Kind {
  /** As its PCI_INTERRUPT_PIN says in QEMU, less one: hw/misc/edu.c, hw/net/e1000.c, hw/usb/hcd-uhci.c, hw/virtio/virtio-pci.c. */
  pin: Pin;
  /** Linux's module, and its driver as sysfs names it; absent: Linux has none. */
  module?: string;
  driver?: string;
  traffic?: 'ping' | 'block-io';
}

export const rootKinds: Record<RootDevice['kind'], Kind> = {
  edu: { pin: 0 },
  e1000: { pin: 0, module: 'e1000', driver: 'e1000', traffic: 'ping' },
  uhci: { pin: 3, module: 'uhci_hcd', driver: 'uhci_hcd' },
  'virtio-blk': { pin: 0, module: 'virtio_blk', driver: 'virtio-pci', traffic: 'block-io' },
};

export function isRootDevice(device: Device): device is RootDevice {
  return 'slot' in device;
}

export function rootDevicesOf(lab: Lab): [id: string, device: RootDevice][] {
  return Object.entries(lab.host.devices).flatMap(([id, device]) =>
    isRootDevice(device) ? [[id, device]] : [],
  );
}

/** Number (GSI) of the line that its INTx pin is wired to. */
export function rootLine({ kind, slot }: RootDevice): number {
  return q35Line(slot, rootKinds[kind].pin);
}

export function rootDevicePlans(lab: Lab, functions: readonly LabFunction[]): RootDevicePlan[] {
  return rootDevicesOf(lab).map(([id, device]): RootDevicePlan => {
    const { kind, slot } = device;
    const { owner = 'host', driver, address } = functions.find((fn) => fn.name === id)!;
    return {
      ...{ id, kind, owner, driver },
      path: `00:${slot.toString(16).padStart(2, '0')}.0`,
      line: rootLine(device),
      ...(address === undefined ? {} : { address }),
    };
  });
}

export function rootDeviceSlots(lab: Lab): PciSlot[] {
  return rootDevicesOf(lab).map(([id, device]): PciSlot => {
    const { kind, slot } = device;
    if (kind === 'e1000') return { slot, kind, id, network: device.network };
    if (kind !== 'virtio-blk') return { slot, kind, id };
    const { sizeMiB, vectors } = device;
    return { slot, kind, id, sizeMiB, queues: 1, ...(vectors === undefined ? {} : { vectors }) };
  });
}
