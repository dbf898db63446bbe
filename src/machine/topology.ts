/** Walks over the PCI tree of a spec. */
import type { MachineSpec, PciDevice, PciPlace, PciPort, PciSwitchLeg } from './spec.ts';

export type PciNode = PciPort | PciDevice;
export type PciPortNode = PciPort | ({ kind: 'switch-leg' } & PciSwitchLeg);

export function isPort(node: PciNode): node is PciPort {
  return node.kind === 'root-port' || node.kind === 'switch' || node.kind === 'pci-bridge';
}

/** Every device of the machine (ports left out), in the order in which QEMU gets them. */
export function allDevices(spec: MachineSpec): PciDevice[] {
  return spec.pci.flatMap((slot) => devicesBelow(slot));
}

/** Every port, bridge and switch leg, parents first. */
export function allPorts(spec: MachineSpec): PciPortNode[] {
  return spec.pci.flatMap((slot) => portsBelow(slot));
}

/** Devices that need a backing disk, with its size. */
export function disksOf(spec: MachineSpec): { id: string; sizeMiB: number }[] {
  return allDevices(spec).flatMap((device) =>
    device.kind === 'nvme' || device.kind === 'virtio-blk'
      ? [{ id: device.id, sizeMiB: device.sizeMiB }]
      : [],
  );
}

export function functionOf(place: PciPlace): number {
  return place.function ?? 0;
}

function devicesBelow(node: PciNode): PciDevice[] {
  if (!isPort(node)) return [node];
  return childrenOf(node).flatMap((child) => devicesBelow(child));
}

function portsBelow(node: PciNode): PciPortNode[] {
  if (!isPort(node)) return [];
  if (node.kind !== 'switch') return [node, ...childrenOf(node).flatMap((child) => portsBelow(child))];
  return [
    node,
    ...node.downstream.flatMap((leg) => [
      { kind: 'switch-leg' as const, ...leg },
      ...(leg.child ? portsBelow(leg.child) : []),
    ]),
  ];
}

function childrenOf(port: PciPort): PciNode[] {
  if (port.kind === 'root-port') return port.child ? [port.child] : [];
  if (port.kind === 'pci-bridge') return port.devices;
  return port.downstream.flatMap((leg) => (leg.child ? [leg.child] : []));
}
