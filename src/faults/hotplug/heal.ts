/** A cycle undoes itself; what is shown here is that the port is empty again. */
import type { FaultContext, Proof } from '../fault.ts';
import type { HotplugFault } from './schema.ts';
import { awaitRest } from './slot.ts';

/** At reference speed. What hangs hangs for good; what is slow is not left behind. */
const restBudgetMs = 3_000;

export async function healHotplug(
  fault: HotplugFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const looks = Math.ceil(ctx.scaled(restBudgetMs) / 100);
  const rested = await awaitRest(ctx.host, ctx.bdfOf(fault.port), looks, signal);
  return {
    proved: rested,
    because: [
      rested ? `port ${fault.port} is empty and at rest` : `port ${fault.port} is not empty and at rest`,
    ],
  };
}
