/** Every affinity back as it was before the first churn. */
import { restoreAffinities } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { Churn } from './inject.ts';
import type { AffinityChurnFault } from './schema.ts';

export async function healChurn(
  fault: AffinityChurnFault,
  [first]: readonly Churn[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  return await restoreAffinities(ctx, fault.on, first!.before, signal);
}
