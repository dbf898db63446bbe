/** The link is up again. */
import type { FaultContext, Proof } from '../fault.ts';
import { awaitCarrier, setLink } from './inject.ts';
import type { LinkDownFault } from './schema.ts';

export async function healLinkDown(
  fault: LinkDownFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  await setLink(fault, ctx, true, signal);
  const carrier = await awaitCarrier(fault, ctx, '1', signal);
  return { proved: carrier === '1', because: [`carrier of ${fault.target} reads ${carrier || 'nothing'}`] };
}
