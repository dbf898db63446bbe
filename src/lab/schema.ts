/**
 * The lab file: what a person writes. Every key that can be left out has a default that works; what each key
 * means is said in its description, which editors show (docs/lab.schema.json is made from this file).
 * What zod cannot see (references between parts) is checked in `check.ts`.
 */
import { z } from 'zod';
import { AerFault } from '../faults/aer/schema.ts';
import { findingIds } from '../verdict/types.ts';
import { failureIds } from './plan.ts';

/** A name that can be a folder, a QEMU id and a word on the command line. */
const Name = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'a name is lower-case letters, digits and dashes, beginning with a letter',
  );

const Kernel = z
  .string({
    error: (issue) =>
      typeof issue.input === 'number'
        ? `write the kernel in quotes: '${issue.input}' (YAML reads 6.10 as the number 6.1)`
        : undefined,
  })
  .regex(/^[0-9]+\.[0-9]+$/, 'a kernel is named by its series, e.g. "6.12"');

const Mac = z
  .string()
  .regex(
    /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
    'a MAC address is six lower-case hexadecimal bytes: 52:54:00:aa:00:02',
  );

const octet = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const Address = z
  .string()
  .regex(
    new RegExp(`^${octet}(\\.${octet}){3}/24$`),
    'an IPv4 address with its prefix length, e.g. 10.0.2.15/24',
  );
const Network = z
  .string()
  .regex(new RegExp(`^${octet}(\\.${octet}){2}\\.0/24$`), 'an IPv4 network, e.g. 10.0.2.0/24');
const Ip = z.string().regex(new RegExp(`^${octet}(\\.${octet}){3}$`), 'an IPv4 address, e.g. 10.0.2.2');

/** `nic0` (a PF), `nic0.vf1` (one of its VFs) or a port. */
const FunctionName = z.string();

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
]);
export type Device = z.infer<typeof Device>;

const Port = z
  .strictObject({
    linkSpeed: z
      .literal([2.5, 5, 8, 16])
      .default(5)
      .describe('GT/s. Above 5, QEMU 10.0 never reports the link active again after a secondary bus reset.'),
  })
  .describe('A PCIe root port.');

const Host = z
  .strictObject({
    cpus: z.int().min(1).max(64).default(2),
    memoryMiB: z.int().min(512).max(65536).default(2048),
    iommu: z.enum(['intel', 'virtio', 'amd', 'none']).default('intel'),
    interruptRemapping: z.boolean().optional().describe('Default: true, but for virtio, which has none.'),
    ports: z.record(Name, Port).default({}),
    devices: z.record(Name, Device).default({}),
    modules: z.array(z.string()).default([]).describe('More modules to load after boot.'),
    cmdline: z.array(z.string()).default([]).describe('More words for the kernel command line.'),
  })
  .describe('The emulated bare-metal host.');

const Guest = z
  .strictObject({
    passthrough: z.array(FunctionName).default([]).describe('The VFs that it owns, by vfio-pci: nic0.vf1.'),
    cpus: z.int().min(1).max(16).default(1),
    memoryMiB: z.int().min(128).max(16384).default(256),
    modules: z.array(z.string()).default([]),
    cmdline: z.array(z.string()).default([]),
  })
  .describe('A VM on the host.');

const Traffic = z
  .strictObject({
    over: FunctionName.describe('The function it goes through; it starts at whoever owns that function.'),
    to: Ip.optional().describe('Ping target of a NIC. Default: the gateway of its network.'),
  })
  .describe(
    'Proof that a function works, before and after: ping over a NIC, block I/O over an NVMe controller.',
  );

const stepShape = {
  unplug: FunctionName.optional().describe('Hot-unplug this function from the guest that owns it.'),
  plug: FunctionName.optional().describe('Plug it in again.'),
  resetStoppedGuest: z
    .string()
    .optional()
    .describe('What a VM manager does when QEMU stops this guest: system_reset, cont, wait until it is up.'),
  run: z
    .strictObject({ on: z.string().describe('`host` or a guest.'), command: z.string().min(1) })
    .optional()
    .describe('A shell command inside a machine.'),
};
const Step = z
  .strictObject(stepShape)
  .refine((step) => Object.keys(step).length === 1, {
    error: `a step says one thing: ${Object.keys(stepShape).join(', ')}`,
  })
  .meta({ minProperties: 1, maxProperties: 1 });
export type Step = z.infer<typeof Step>;

const Remedy = z
  .strictObject({
    title: z.string().optional(),
    before: z.array(Step).default([]).describe('Steps before the fault.'),
    after: z.array(Step).default([]).describe('Steps after the fault was observed.'),
  })
  .describe('What is said to prevent or cure the failure.');

const expectShape = {
  verdict: z.enum(['reproduced', 'clean']).describe('Does the failure happen?'),
  remedy: z
    .enum(['prevented', 'cured', 'no-effect'])
    .optional()
    .describe(
      'What the remedy does: prevented (never happened), cured (happened, all works again), no-effect.',
    ),
  findings: z
    .array(z.enum(findingIds))
    .default([])
    .describe('Findings that must be there, e.g. pf-recovered.'),
};

/** Axes of the matrix besides `variant`; each overrides the host's (or guests') property of that name. */
const axisShape = {
  kernel: z.array(Kernel).min(1).default(['6.12', '6.1']).describe("The host's kernels, the default first."),
  guestKernel: z.array(Kernel).min(1).optional().describe("The guests' kernels. Default: the host's."),
  cpus: z.array(z.int().min(1).max(64)).min(1).optional(),
  iommu: z
    .array(z.enum(['intel', 'virtio', 'amd', 'none']))
    .min(1)
    .optional(),
  interruptRemapping: z.array(z.boolean()).min(1).optional(),
};
export const axisNames = Object.keys(axisShape) as (keyof typeof axisShape)[];
export type AxisName = (typeof axisNames)[number];

const When = z
  .strictObject({
    kernel: Kernel.optional(),
    guestKernel: Kernel.optional(),
    cpus: z.int().optional(),
    iommu: z.string().optional(),
    interruptRemapping: z.boolean().optional(),
    variant: z.string().optional(),
  })
  .describe('Cells of the matrix: all the axis values given here.');

const Variant = z
  .strictObject({
    title: z.string().optional(),
    faults: z.array(z.string()).default([]).describe('Faults to inject, in this order.'),
    remedy: z.string().default('none').describe('The remedy to try, or none.'),
    expect: z.strictObject(expectShape),
    exceptions: z
      .array(z.strictObject({ when: When, ...expectShape }))
      .default([])
      .describe('Where another outcome is expected, e.g. on one kernel.'),
  })
  .describe('One way to run the lab: its faults, its remedy, and what is expected.');

export const Lab = z
  .strictObject({
    title: z.string().min(1).describe('One line for `vflab list`.'),
    description: z.string().optional(),
    failure: z.enum(failureIds).describe('The failure that this lab is about.'),
    host: Host,
    guests: z.record(Name, Guest).default({}),
    traffic: z.record(Name, Traffic).optional().describe('Default: one check over every function in use.'),
    faults: z.record(Name, z.discriminatedUnion('kind', [AerFault])).default({}),
    remedies: z.record(Name, Remedy).default({}),
    variants: z.record(Name, Variant),
    matrix: z
      .strictObject({ ...axisShape, exclude: z.array(When).default([]) })
      .prefault({})
      .describe('What the variants are multiplied by. A run takes the first value of each axis unless told.'),
  })
  .meta({ title: 'vflab lab file' });
export type Lab = z.infer<typeof Lab>;

/** The JSON Schema of a lab file, as committed in docs/lab.schema.json. */
export function labJsonSchema(): object {
  return z.toJSONSchema(Lab, { target: 'draft-2020-12', io: 'input' });
}
