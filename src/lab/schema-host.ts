/** The host part of the lab file: ports, devices, disks, and what a variant or remedy may change of it. */
import { z } from 'zod';
import { diskVectors, rootDevices, rootSlot } from './schema-root-devices.ts';
import { Address, Mac, Name, Network } from './schema-words.ts';

/** `nic0` (a PF), `nic0.vf1` (one of its VFs) or a port. */
export const FunctionName = z.string();

const Vf = z
  .strictObject({
    driver: z
      .string()
      .optional()
      .describe(
        'Driver that the host binds, e.g. igbvf; `none` leaves it unbound on purpose. Not for a passed VF.',
      ),
    mac: Mac.optional().describe('MAC address given by the PF. Default: 52:54:00:aa:<device>:<vf>.'),
    address: Address.optional().describe(
      'IPv4 address of whoever owns the VF. Default: .44 and up of the network.',
    ),
  })
  .describe('A VF: kept by the host (`driver`), or handed to a guest (`passthrough` of that guest).');

const deviceCommon = {
  port: z.string().optional().describe('The port it sits behind. Default: a root port of its own.'),
  vfs: z.array(Vf).max(7).default([]).describe('Its VFs, in order: vf0, vf1, …'),
};

export const Device = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('igb'),
      ...deviceCommon,
      network: Network.default('10.0.2.0/24').describe(
        'The emulated network. Its .2 is the gateway and answers ping.',
      ),
      address: Address.optional().describe(
        "IPv4 address of the PF's interface. Default: .15 of the network.",
      ),
    })
    .describe('Intel 82576: a NIC with up to 7 VFs.'),
  z
    .strictObject({
      kind: z.literal('nvme'),
      ...deviceCommon,
      sizeMiB: z
        .int()
        .min(1)
        .max(65536)
        .default(64)
        .describe('Size of its one namespace, shared by PF and VFs.'),
    })
    .describe("QEMU's NVMe controller with SR-IOV. It has no AER capability: aim a fault at its port."),
  ...rootDevices,
]);
export type Device = z.infer<typeof Device>;

const Port = z
  .strictObject({
    linkSpeed: z
      .literal([2.5, 5, 8, 16])
      .default(5)
      .describe('GT/s. Above 5, QEMU 10.0 never reports the link active again after a secondary bus reset.'),
    switch: z
      .array(Name)
      .min(1)
      .max(8)
      .optional()
      .describe('A switch below it: the names of its downstream ports, for devices to sit behind.'),
  })
  .describe('A PCIe root port.');

const diskShape = {
  count: z.int().min(1).max(700).describe('How many.'),
  queues: z
    .int()
    .min(1)
    .max(256)
    .describe('Request queues that each offers; the driver uses at most one a CPU.'),
  plug: z
    .enum(['cold', 'hot'])
    .describe('`cold`: there at boot, probed when the driver is loaded. `hot`: plugged in one by one.'),
  intx: z
    .enum(['routed', 'pinless'])
    .describe(
      '`routed`: each has an INTx line to fall back to. `pinless`: none has, so that its interrupt is number 0.',
    ),
  driver: z
    .strictObject({
      patch: z
        .string()
        .min(1)
        .describe(
          'Unified diff of drivers/block/virtio_blk.c, beside the lab file; {kernel} in it becomes 6.12, 6.1, …',
        ),
      affinityHint: z
        .boolean()
        .describe('Does the patched driver still ask for managed interrupts, spread over the CPUs?'),
    })
    .describe("virtio_blk of Debian's kernel source, built with a patch. Default: as it was shipped."),
};
const Disks = z
  .strictObject({
    count: diskShape.count,
    queues: diskShape.queues.default(1),
    plug: diskShape.plug.default('cold'),
    intx: diskShape.intx.default('routed'),
    driver: diskShape.driver.optional(),
  })
  .describe('Equal virtio-blk disks, many of them. vflab chooses where on the PCI buses they sit.');

/** What a host has without parts of its own: a variant and a remedy may change these. */
export const hostShape = {
  cpus: z.int().min(1).max(255),
  memoryMiB: z.int().min(512).max(65536),
  numaNodes: z.int().min(1).max(8).describe('CPUs and memory are shared out evenly over these.'),
  iommu: z.enum(['intel', 'virtio', 'amd', 'none']),
  interruptRemapping: z.boolean().describe('Default: true, but for virtio, which has none.'),
  hotplug: z
    .enum(['native', 'acpi'])
    .describe('Who handles hot-plug: the ports (pciehp), or the firmware (ACPI).'),
  nointxmask: z
    .boolean()
    .describe(
      'Load vfio-pci with nointxmask=1: it believes no function to mask its INTx, as it disbelieves some real cards.',
    ),
  consoles: z
    .int()
    .min(0)
    .max(8)
    .describe(
      'virtio-serial devices with 65 interrupts each, none of them managed: `modprobe virtio_console`.',
    ),
};
export const Host = z
  .strictObject({
    cpus: hostShape.cpus.default(2),
    memoryMiB: hostShape.memoryMiB.default(2048),
    numaNodes: hostShape.numaNodes.default(1),
    iommu: hostShape.iommu.default('intel'),
    interruptRemapping: hostShape.interruptRemapping.optional(),
    nointxmask: hostShape.nointxmask.default(false),
    consoles: hostShape.consoles.default(0),
    ports: z.record(Name, Port).default({}),
    devices: z.record(Name, Device).default({}),
    disks: Disks.optional(),
    accounts: z
      .boolean()
      .default(false)
      .describe(
        'Keep account of what its PCI devices hold: inventories before and after, and a trace of its vectors since boot.',
      ),
    hotplug: hostShape.hotplug.default('native'),
    ledger: z
      .boolean()
      .default(false)
      .describe(
        'Keep a ledger of its interrupts: trace QEMU and the kernel, and find what was raised and never handled.',
      ),
    modules: z.array(z.string()).default([]).describe('More modules to load after boot.'),
    cmdline: z.array(z.string()).default([]).describe('More words for the kernel command line.'),
  })
  .describe('The emulated bare-metal host.');

export const HostChange = z
  .strictObject({
    ...hostShape,
    disks: z.strictObject(diskShape).partial(),
    devices: z
      .record(Name, z.strictObject({ slot: rootSlot, vectors: diskVectors }).partial())
      .describe('Another slot for devices of the root bus, other vectors for a virtio-blk disk there.'),
    cmdline: z.array(z.string()).describe('Words for the kernel command line, besides those it has.'),
  })
  .partial()
  .describe('What is different about the host here.');
export type HostChange = z.infer<typeof HostChange>;
