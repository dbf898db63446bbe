/** What a lab's host consists of once every default is filled in: ports with slots, and functions with owners. */
import type { LabFunction } from './lab-function.ts';
import { isRootDevice, type RootDevice, rootDevicesOf, rootKinds } from './root-devices.ts';
import type { Device, Lab } from './schema.ts';

/** First slot of the root bus used for ports; those below belong to the machine (IOMMU, …). */
const firstSlot = 4;
/** Slots 0x1d to 0x1f are the virtio IOMMU, the control NIC and the chipset. */
const endSlot = 0x1d;

/** Slots for ports and disks, in order: all that no device of the lab sits in itself. */
export function freeSlots(lab: Lab): number[] {
  const taken = new Set(rootDevicesOf(lab).map(([, { slot }]) => slot));
  const slots = Array.from({ length: endSlot - firstSlot }, (_, i) => firstSlot + i);
  return slots.filter((slot) => !taken.has(slot));
}

export interface LabPort {
  id: string;
  slot: number;
  chassis: number;
  /** GT/s */
  linkSpeed: 2.5 | 5 | 8 | 16;
  device?: string;
  /** Downstream ports of the switch below it. */
  legs?: LabLeg[];
}

export interface LabLeg {
  id: string;
  /** Device number on the switch's own bus. */
  slot: number;
  chassis: number;
  device?: string;
}

/** Chassis numbers of root ports end before this: those of switches' legs follow. */
const firstLegChassis = 64;

/** Every port: those the lab names, and one of its own for each device that names none. */
export function portsOf(lab: Lab): LabPort[] {
  const behind = (id: string) =>
    Object.entries(lab.host.devices).find(([, device]) => !isRootDevice(device) && device.port === id)?.[0];
  let chassis = firstLegChassis;
  const named = Object.entries(lab.host.ports).map(([id, port]) => ({
    id,
    linkSpeed: port.linkSpeed,
    device: port.switch ? undefined : behind(id),
    legs: port.switch?.map((leg, slot): LabLeg => {
      const device = behind(leg);
      return { id: leg, slot, chassis: chassis++, ...(device === undefined ? {} : { device }) };
    }),
  }));
  const own = Object.entries(lab.host.devices)
    .filter(([, device]) => !isRootDevice(device) && device.port === undefined)
    .map(([device]) => ({ id: portOf(lab, device), linkSpeed: 5 as const, device, legs: undefined }));
  const slots = freeSlots(lab);
  return [...named, ...own].map(({ device, legs, ...port }, i) => ({
    ...port,
    ...(legs === undefined ? {} : { legs }),
    slot: slots[i] ?? endSlot,
    chassis: i + 1,
    ...(device === undefined ? {} : { device }),
  }));
}

/** Every port that a device can sit behind or a fault can be aimed at: root ports and the legs of switches. */
export function portNames(lab: Lab): string[] {
  return portsOf(lab).flatMap(({ id, legs }) => [id, ...(legs?.map((leg) => leg.id) ?? [])]);
}

/** A port's place in the PCI tree: `00:04.0`, or `00:04.0/00.0/01.0` for the leg of a switch. */
export function portPath(lab: Lab, id: string): string {
  const hex2 = (n: number) => n.toString(16).padStart(2, '0');
  for (const port of portsOf(lab)) {
    const root = `00:${hex2(port.slot)}.0`;
    if (port.id === id) return root;
    const leg = port.legs?.find((one) => one.id === id);
    if (leg) return `${root}/00.0/${hex2(leg.slot)}.0`;
  }
  throw new Error(`no port ${id}`);
}

/** The id of the port above a device that is not on the root bus itself. */
export function portOf(lab: Lab, id: string): string {
  const device = lab.host.devices[id];
  return (device && !isRootDevice(device) && device.port) || `${id}-port`;
}

/** Every PF and VF. A VF passed through twice has its first owner here; `check.ts` reports it. */
export function functionsOf(lab: Lab): LabFunction[] {
  const owners = new Map<string, string>();
  for (const [guest, { passthrough }] of Object.entries(lab.guests)) {
    for (const name of passthrough) if (!owners.has(name)) owners.set(name, guest);
  }
  return Object.entries(lab.host.devices).flatMap(([id, device], number): LabFunction[] => {
    if (isRootDevice(device)) return [rootFunction(id, device, owners.get(id))];
    return [
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
    ];
  });
}

function rootFunction(id: string, device: RootDevice, guest: string | undefined): LabFunction {
  const { kind } = device;
  const driver = rootKinds[kind].driver;
  return {
    ...{ name: id, device: id, kind },
    owner: guest ?? (driver === undefined ? undefined : 'host'),
    driver: guest === undefined ? (driver ?? 'none') : 'vfio-pci',
    ...(kind === 'e1000' ? { address: device.address ?? addressIn(device.network, 15) } : {}),
  };
}

/** What can be handed to a guest: a VF, or a device that has none. */
export function isPassable(lab: Lab, fn: LabFunction): boolean {
  return fn.vf !== undefined || isRootDevice(lab.host.devices[fn.device]!);
}

/** How traffic goes through a function of this kind; undefined: none does. */
export function trafficOf(kind: Device['kind']): 'ping' | 'block-io' | undefined {
  if (kind === 'igb') return 'ping';
  return kind === 'nvme' ? 'block-io' : rootKinds[kind].traffic;
}

/** Drives a network or disk, so that traffic can go through it. */
export function isInUse(fn: LabFunction): boolean {
  // What vfio-pci has on the host, no guest has.
  if (fn.owner === 'host' && fn.driver === 'vfio-pci') return false;
  return fn.owner !== undefined && fn.driver !== 'none' && trafficOf(fn.kind) !== undefined;
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
