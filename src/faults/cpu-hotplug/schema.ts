/** Fault `cpu-hotplug`: CPUs of a machine go offline and come back: one whole cycle. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const CpuHotplugFault = z.strictObject({
  kind: z.literal('cpu-hotplug'),
  on: z.string().describe('`host` or a guest.'),
  most: z
    .int()
    .min(1)
    .max(254)
    .default(254)
    .describe('How many CPUs are offline at once, at most; how many is drawn each time. CPU 0 always stays.'),
});
export type CpuHotplugFault = z.infer<typeof CpuHotplugFault>;

export const cpuHotplugWords: FaultWords<CpuHotplugFault> = {
  schema: CpuHotplugFault,
  lasts: false,
  draws: true,
  says: ({ on }) => `CPUs of ${on} go offline and come back`,
  by: () => 'online in sysfs',
  *check({ on }, { guests, unknown, cpusOf }) {
    const machines = ['host', ...guests];
    if (!machines.includes(on)) yield { key: 'on', message: unknown('machine', on, machines) };
    // A host may have more CPUs in some variant.
    else if (on !== 'host' && cpusOf(on) < 2)
      yield { key: 'on', message: `${on} has one CPU, and CPU 0 always stays: give it \`cpus: 2\`` };
  },
};
