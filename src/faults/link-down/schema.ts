/** Fault `link-down`: the cable is pulled out of a NIC, and put in again when the fault is over. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const LinkDownFault = z.strictObject({
  kind: z.literal('link-down'),
  target: z.string().describe('The NIC: a PF of kind igb.'),
});
export type LinkDownFault = z.infer<typeof LinkDownFault>;

export const linkDownWords: FaultWords<LinkDownFault> = {
  schema: LinkDownFault,
  lasts: true,
  draws: false,
  says: ({ target }) => `no link on ${target}`,
  by: () => "QMP's set_link",
  *check({ target }, { functions, unknown }) {
    const pfs = functions.filter((fn) => fn.vf === undefined && fn.kind === 'igb').map((fn) => fn.name);
    if (!pfs.includes(target)) yield { key: 'target', message: unknown('PF of kind igb', target, pfs) };
  },
};
