/** Fault `reset`: a function is reset by the host's kernel while its driver has it. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

/** `flr`: function-level reset. `bus`: secondary bus reset of the port above, which resets all that is below it. */
export const resetMethods = ['flr', 'bus'] as const;

export const ResetFault = z.strictObject({
  kind: z.literal('reset'),
  target: z.string().describe('The function: a PF, or a VF that no driver but vfio-pci has.'),
  method: z.enum(resetMethods),
});
export type ResetFault = z.infer<typeof ResetFault>;

export const resetWords: FaultWords<ResetFault> = {
  schema: ResetFault,
  lasts: false,
  draws: false,
  says: ({ method, target }) => `${method} reset of ${target}`,
  by: () => 'reset and reset_method in sysfs',
  *check({ target, method }, { functions, unknown }) {
    const kinds = functions.filter((fn) => fn.kind === 'igb' || fn.kind === 'nvme');
    const fn = kinds.find(({ name }) => name === target);
    if (!fn) {
      const names = kinds.map(({ name }) => name);
      yield { key: 'target', message: unknown('function of kind igb or nvme', target, names) };
      return;
    }
    const driven = fn.driver !== 'none' && fn.driver !== 'vfio-pci';
    if (fn.vf !== undefined && (driven || fn.kind === 'nvme'))
      yield { key: 'target', message: `a reset of ${target} leaves no trace while ${fn.driver} has it` };
    if (fn.vf !== undefined && fn.owner !== 'host' && fn.owner !== undefined)
      yield { key: 'target', message: `${target} is ${fn.owner}'s, which resets it itself` };
    const shared = functions.some((other) => other.device === fn.device && other.name !== fn.name);
    if (method === 'bus' && shared)
      yield {
        key: 'method',
        message: `${target} shares its bus with VFs: the kernel resets a bus for one function only`,
      };
  },
};
