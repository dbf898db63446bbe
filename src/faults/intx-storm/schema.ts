/** Fault `intx-storm`: a function asserts its INTx, and who listens on the line where it arrives knows nothing of it. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const IntxStormFault = z.strictObject({
  kind: z.literal('intx-storm'),
  /** Who raises it: an `edu` by its own register, or with `onto` a NIC by the interrupts of its traffic. */
  source: z.string(),
  /**
   * `stuck`: asserted, and never let go. `bursts`: let through for a moment some six times a second, until the line
   * has seen more interrupts than the kernel's detector counts to.
   */
  rate: z.enum(['stuck', 'bursts']).default('stuck'),
  /**
   * Misrouted: the chipset sends the source's interrupt to the line of this function, while Linux listens for it on
   * the line that ACPI names. The source has to be in one of the slots 25 to 28, whose routing q35's chipset can change.
   */
  onto: z.string().optional(),
});
export type IntxStormFault = z.infer<typeof IntxStormFault>;

export const intxStormWords: FaultWords<IntxStormFault> = {
  schema: IntxStormFault,
  lasts: false,
  draws: false,
  // A stray interrupt takes ten times as long with irqpoll.
  seconds: 90,
  says: ({ source, rate, onto }) =>
    onto
      ? `INTx of ${source} on the line of ${onto}`
      : `INTx of ${source}, ${rate === 'stuck' ? 'stuck' : 'in bursts'}`,
  by: ({ onto }) => (onto ? "the chipset's routing registers" : "the device's own register"),
  *check({ source, rate, onto }, { functions, unknown }) {
    const names = functions.map((fn) => fn.name);
    const from = functions.find((fn) => fn.name === source);
    if (!from) yield { key: 'source', message: unknown('function', source, names) };
    else if (onto === undefined && from.kind !== 'edu')
      yield {
        key: 'source',
        message: `${source} asserts its interrupt only when it has reason to: an edu does at will, or give \`onto\``,
      };
    else if (onto !== undefined && from.kind !== 'e1000')
      yield { key: 'source', message: `${source} has no traffic that would raise an INTx: an e1000 has` };
    if (onto !== undefined && !names.includes(onto))
      yield { key: 'onto', message: unknown('function', onto, names) };
    if (onto !== undefined && rate === 'bursts')
      yield { key: 'rate', message: 'a misrouted interrupt comes as its device has it: only `stuck`' };
  },
};
