/** Fault `vector-pressure`: interrupt vectors of the host are held by somebody else until a few are left. */
import { z } from 'zod';
import type { FaultWords } from '../words.ts';

export const VectorPressureFault = z.strictObject({
  kind: z.literal('vector-pressure'),
  leave: z.int().min(0).max(100_000).describe('How many are left, of all CPUs together.'),
});
export type VectorPressureFault = z.infer<typeof VectorPressureFault>;

export const vectorPressureWords: FaultWords<VectorPressureFault> = {
  schema: VectorPressureFault,
  lasts: true,
  draws: false,
  says: ({ leave }) => `all but ${leave} interrupt vectors of the host are taken`,
  by: () => 'a program that holds vectors through VFIO',
  hostModules: () => ['vfio-pci'],
  *check() {},
};
