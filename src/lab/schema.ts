/**
 * The lab file: what a person writes. Every key that can be left out has a default that works; what each key
 * means is said in its description, which editors show (docs/lab.schema.json is made from this file).
 * What zod cannot see (references between parts) is checked in `check.ts`.
 */
import { z } from 'zod';
import { Fault } from '../faults/schema.ts';
import { findingIds } from '../verdict/types.ts';
import { failureIds } from './plan.ts';
import { FunctionName, Host, HostChange, hostShape } from './schema-host.ts';
import { Hunt } from './schema-hunt.ts';
import { Race, RaceForce } from './schema-race.ts';
import { FaultEntry, Invariant } from './schema-schedule.ts';
import { Ip, Name } from './schema-words.ts';

// Zod compiles a parser for each object; for the one lab or dozen that a command reads, that takes longer than it saves.
z.config({ jitless: true });

export type { Device, HostChange } from './schema-host.ts';

const Kernel = z
  .string({
    error: (issue) =>
      typeof issue.input === 'number'
        ? `write the kernel in quotes: '${issue.input}' (YAML reads 6.10 as the number 6.1)`
        : undefined,
  })
  .regex(/^([0-9]+\.[0-9]+|newest)$/, 'a kernel is named by its series, e.g. "6.12", or newest');

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
    keepUp: z
      .boolean()
      .default(false)
      .describe('Goes on without a pause while faults are injected, besides the checks.'),
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
  unplugDisks: z
    .int()
    .min(1)
    .optional()
    .describe('Take the first of the disks that work away from the host, this many.'),
  probeDisksAgain: z
    .literal(true)
    .optional()
    .describe('Have the driver probe those disks once more that it failed to.'),
  unbind: FunctionName.optional().describe("Take a function of the host from the host's driver."),
  remove: FunctionName.optional().describe('Take a function of the host out of the kernel (sysfs `remove`).'),
  startGuest: z.string().optional().describe('Start this guest, again or for the first time.'),
  injectInterrupt: z
    .literal(true)
    .optional()
    .describe('Tell the owner of the function that is raced as if its interrupt had come, as QEMU could.'),
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

const GuestChange = z
  .record(Name, z.strictObject({ passthrough: z.array(FunctionName) }))
  .default({})
  .describe('What guests own here instead.');

const Remedy = z
  .strictObject({
    title: z.string().optional(),
    host: HostChange.default({}),
    guests: GuestChange,
    before: z.array(Step).default([]).describe('Steps before the fault, or before the disks.'),
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
  cpus: z.array(hostShape.cpus).min(1).optional(),
  iommu: z
    .array(z.enum(['intel', 'virtio', 'amd', 'none']))
    .min(1)
    .optional(),
  interruptRemapping: z.array(z.boolean()).min(1).optional(),
};
export const axisNames = Object.keys(axisShape) as (keyof typeof axisShape)[];

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
    host: HostChange.default({}),
    guests: GuestChange,
    faults: z
      .array(FaultEntry)
      .default([])
      .describe('Faults to inject: by name, one after the other in this order, or on a schedule.'),
    invariants: z.array(Invariant).default([]).describe("What has to hold besides the lab's own."),
    race: RaceForce.optional(),
    remedy: z.string().default('none').describe('The remedy to try, or none.'),
    onDemand: z.boolean().default(false).describe('Runs only if asked for: it is slow, or large.'),
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
    faults: z.record(Name, Fault).default({}),
    invariants: z.array(Invariant).default([]).describe('What has to hold while faults are injected.'),
    seed: z
      .int()
      .min(0)
      .max(0xffffffff)
      .optional()
      .describe(
        'What random schedules are drawn from, unless `--seed` says otherwise. Default: a new one each run.',
      ),
    race: Race.optional(),
    remedies: z.record(Name, Remedy).default({}),
    variants: z.record(Name, Variant),
    quick: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Variants that stand for this lab where all labs are run. Default: all but those on demand.'),
    hunt: Hunt.optional(),
    matrix: z
      .strictObject({
        ...axisShape,
        exclude: z.array(When).default([]),
        usual: z
          .strictObject({ ...axisShape, kernel: axisShape.kernel.unwrap() })
          .partial()
          .prefault({})
          .describe('Values of an axis that a run takes unless told. Default: its first.'),
      })
      .prefault({})
      .describe('What the variants are multiplied by. A run takes the first value of each axis unless told.'),
  })
  .meta({ title: 'vflab lab file' });
export type Lab = z.infer<typeof Lab>;

/** The JSON Schema of a lab file, as committed in docs/lab.schema.json. */
export function labJsonSchema(): object {
  return z.toJSONSchema(Lab, { target: 'draft-2020-12', io: 'input' });
}
