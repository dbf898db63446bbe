/** Fault `irqbalance`: the real irqbalance in a machine, looking as often as the lab says. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const IrqbalanceFault = z.strictObject({
  kind: z.literal('irqbalance'),
  /** `host` or a guest. */
  on: z.string(),
  /** Seconds between two looks. irqbalance's own default is 10. */
  interval: z.int().min(1).max(3600).default(10),
});
export type IrqbalanceFault = z.infer<typeof IrqbalanceFault>;

export const irqbalanceWords: FaultWords<IrqbalanceFault> = {
  schema: IrqbalanceFault,
  lasts: true,
  draws: false,
  says: ({ on, interval }) => `irqbalance on ${on}, every ${interval} s`,
  by: () => 'irqbalance(1)',
  *check(fault, { guests, unknown }) {
    const machines = ['host', ...guests];
    if (!machines.includes(fault.on)) yield { key: 'on', message: unknown('machine', fault.on, machines) };
  },
};
