/** Fault `hotplug`: a device is plugged into an empty port, used, and taken away again: one whole cycle. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const hotDevices = ['virtio-blk', 'nvme', 'virtio-net', 'igb'] as const;
export type HotDevice = (typeof hotDevices)[number];

/**
 * `button`: QMP `device_del`, which presses the slot's attention button (pciehp, after 5 s) or asks by ACPI.
 * `power`: the slot's `power` in sysfs, on the host.
 * `surprise`: the card is pulled: the port's power is cut and given back behind pciehp's back, which then finds the
 * card gone.
 */
export const unplugWays = ['button', 'power', 'surprise'] as const;
export type UnplugWay = (typeof unplugWays)[number];

export const HotplugFault = z.strictObject({
  kind: z.literal('hotplug'),
  port: z.string().describe('The port it is plugged into. It must be empty.'),
  device: z.enum(hotDevices).describe('What is plugged in; disks read as zeroes.'),
  vfs: z.int().min(0).max(7).default(0).describe('VFs that are enabled while it is there; igb only.'),
  busy: z.boolean().default(true).describe('Keep it busy, with reads or pings, until it is gone.'),
  unplug: z
    .array(z.enum(unplugWays))
    .min(1)
    .default(['button', 'power'])
    .describe('How it is taken away: drawn from these each time.'),
});
export type HotplugFault = z.infer<typeof HotplugFault>;

/** Modules that drive it: loaded before, so that they are no part of what a cycle leaves. */
const drivers: Record<HotDevice, string[]> = {
  'virtio-blk': ['virtio_blk'],
  nvme: ['nvme'],
  'virtio-net': ['virtio_net'],
  igb: ['igb', 'igbvf'],
};

export const hotplugWords: FaultWords<HotplugFault> = {
  schema: HotplugFault,
  lasts: false,
  draws: true,
  says: ({ device, port, unplug }) => `${device} in and out of ${port} (${unplug.join(', ')})`,
  by: () => "QMP's device_add, and device_del, the slot's power or a cut of it",
  hostModules: ({ device }) => drivers[device],
  *check(fault, { functions, ports, portOf, unknown }) {
    const { port, device, vfs } = fault;
    if (!ports.includes(port)) yield { key: 'port', message: unknown('port', port, ports) };
    const inIt = functions.find((fn) => fn.vf === undefined && portOf(fn.device) === port);
    if (inIt) yield { key: 'port', message: `${inIt.name} is in port ${port}: name an empty one` };
    if (vfs > 0 && device !== 'igb') yield { key: 'vfs', message: `only igb has VFs here, not ${device}` };
  },
};
