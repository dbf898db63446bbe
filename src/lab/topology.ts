/** What a lab's host consists of once every default is filled in: ports with slots, and functions with owners. */
import type { Device, Lab } from './schema.ts';

/** First slot of the root bus used for ports; those below belong to the machine (IOMMU, …). */
export const firstSlot = 4;
/** Slots 0x1d to 0x1f are the virtio IOMMU, the control NIC and the chipset. */
export const maxPorts = 0x1d - firstSlot;

export interface LabPort {
  id: string;
  slot: number;
  chassis: number;
  /** GT/s */
  linkSpeed: 2.5 | 5 | 8 | 16;
  device?: string;
}

export interface LabFunction {
  /** `nic0` or `nic0.vf1` */
  name: string;
  device: string;
  kind: Device['kind'];
  /** Number of the VF; absent for the PF. */
  vf?: number;
  /** `host`, a guest, or undefined for a VF that nobody was given. */
  owner: string | undefined;
  /** Driver on the host; `none` for a VF that stays unbound. */
  driver: string;
  mac?: string;
  /** With prefix length; NICs only. */
  address?: string;
}

/** Every port: those the lab names, and one of its own for each device that names none. */
export function portsOf(lab: Lab): LabPort[] {
  const named = Object.entries(lab.host.ports).map(([id, port]) => ({
    id,
    linkSpeed: port.linkSpeed,
    device: Object.entries(lab.host.devices).find(([, device]) => device.port === id)?.[0],
  }));
  const own = Object.entries(lab.host.devices)
    .filter(([, device]) => device.port === undefined)
    .map(([device]) => ({ id: portOf(lab, device), linkSpeed: 5 as const, device }));
  return [...named, ...own].map(({ device, ...port }, i) => ({
    ...port,
    slot: firstSlot + i,
    chassis: i + 1,
    ...(device === undefined ? {} : { device }),
  }));
}

/** The id of the port above a device. */
export function portOf(lab: Lab, device: string): string {
  return lab.host.devices[device]?.port ?? `${device}-port`;
}

/** Every PF and VF. A VF passed through twice has its first owner here; `check.ts` reports it. */
export function functionsOf(lab: Lab): LabFunction[] {
  const owners = new Map<string, string>();
  for (const [guest, { passthrough }] of Object.entries(lab.guests)) {
    for (const name of passthrough) if (!owners.has(name)) owners.set(name, guest);
  }
  return Object.entries(lab.host.devices).flatMap(([id, device], number) => [
    {
      name: id,
      device: id,
      kind: device.kind,
      owner: 'host',
      driver: device.kind,
      ...(device.kind === 'igb' ? { address: device.address ?? addressIn(device.network, 15) } : {}),
    },
    ...device.vfs.map((vf, index): LabFunction => {
      const guest = owners.get(`${id}.vf${index}`);
      return {
        name: `${id}.vf${index}`,
        device: id,
        kind: device.kind,
        vf: index,
        owner: guest ?? (vf.driver === undefined ? undefined : 'host'),
        driver: guest === undefined ? (vf.driver ?? 'none') : 'vfio-pci',
        ...(device.kind === 'igb'
          ? {
              mac: vf.mac ?? `52:54:00:aa:${hex(number)}:${hex(index + 1)}`,
              address: vf.address ?? addressIn(device.network, 44 + index),
            }
          : {}),
      };
    }),
  ]);
}

/** Drives a network or disk, so that traffic can go through it. */
export function isInUse(fn: LabFunction): boolean {
  return fn.owner !== undefined && fn.driver !== 'none';
}

/** `10.0.2.0/24`, 15 → `10.0.2.15/24` */
function addressIn(network: string, last: number): string {
  return network.replace(/\.0\/24$/, `.${last}/24`);
}

/** The emulated network's gateway: QEMU's user network answers ping at .2. */
export function gatewayOf(network: string): string {
  return network.replace(/\.0\/24$/, '.2');
}

/** Third octet of the host's control network; the guests' follow. */
const firstControlOctet = 3;

/** A machine's own address on its control network: 0 is the host, 1 the first guest. */
export function controlAddress(machine: number): string {
  return `10.0.${firstControlOctet + machine}.15/24`;
}

/** Networks of the control NICs. A lab's own must differ: a machine would have two ways to one address. */
export function controlNetworks(guests: number): string[] {
  return Array.from({ length: guests + 1 }, (_, machine) => controlAddress(machine).replace('.15/', '.0/'));
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
