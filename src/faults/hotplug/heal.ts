/** A cycle undoes itself; what is shown here is that the port is empty again. */
import type { FaultContext, Proof } from '../fault.ts';
import type { HotplugFault } from './schema.ts';
import { awaitRest } from './slot.ts';

export async function healHotplug(
  fault: HotplugFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const rested = await awaitRest(ctx.host, ctx.bdfOf(fault.port), 20, signal);
  return {
    proved: rested,
    because: [
      rested ? `port ${fault.port} is empty and at rest` : `port ${fault.port} is not empty and at rest`,
    ],
  };
}
