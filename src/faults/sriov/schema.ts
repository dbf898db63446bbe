/** Fault `sriov`: VFs are enabled, driven, and disabled again: one whole cycle. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const SriovFault = z.strictObject({
  kind: z.literal('sriov'),
  target: z.string().describe('The PF. It must have no VFs of its own in the lab.'),
  most: z.int().min(1).max(7).default(3).describe('How many VFs at most; how many is drawn each time.'),
  busy: z.boolean().default(true).describe('Ping over the PF meanwhile.'),
});
export type SriovFault = z.infer<typeof SriovFault>;

export const sriovWords: FaultWords<SriovFault> = {
  schema: SriovFault,
  lasts: false,
  draws: true,
  says: ({ target, most }) => `up to ${most} VFs of ${target} come and go`,
  by: () => 'sriov_numvfs in sysfs',
  hostModules: () => ['igbvf'],
  *check({ target }, { functions, unknown }) {
    const pfs = functions.filter((fn) => fn.vf === undefined && fn.kind === 'igb').map((fn) => fn.name);
    if (!pfs.includes(target)) yield { key: 'target', message: unknown('PF of kind igb', target, pfs) };
    else if (functions.some((fn) => fn.device === target && fn.vf !== undefined))
      yield { key: 'target', message: `${target} has VFs that the lab uses; take a PF without` };
  },
};
