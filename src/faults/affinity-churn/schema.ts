/** Fault `affinity-churn`: the interrupts of one function moved from CPU to CPU as fast as the machine can. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const AffinityChurnFault = z.strictObject({
  kind: z.literal('affinity-churn'),
  /** Where `smp_affinity` is written: `host`, or the guest that owns the function. */
  on: z.string(),
  /** The function whose vectors are moved: `nic0`, `nic0.vf0`. */
  function: z.string(),
});
export type AffinityChurnFault = z.infer<typeof AffinityChurnFault>;

export const affinityChurnWords: FaultWords<AffinityChurnFault> = {
  schema: AffinityChurnFault,
  lasts: true,
  draws: true,
  says: ({ on, function: fn }) => `affinity churn on ${on}, interrupts of ${fn}`,
  by: () => 'writes to smp_affinity',
  *check(fault, { functions, guests, unknown }) {
    const machines = ['host', ...guests];
    if (!machines.includes(fault.on)) yield { key: 'on', message: unknown('machine', fault.on, machines) };
    const fn = functions.find(({ name }) => name === fault.function);
    const names = functions.map(({ name }) => name);
    if (!fn) yield { key: 'function', message: unknown('function', fault.function, names) };
    else if (
      machines.includes(fault.on) &&
      fn.owner !== fault.on &&
      !(fault.on === 'host' && fn.driver === 'vfio-pci')
    )
      yield {
        key: 'function',
        message: `${fn.name} has no interrupts on ${fault.on}: it is ${fn.owner === undefined ? "nobody's" : `${fn.owner}'s`}`,
      };
  },
};
