/** What a reset leaves to do was done right after it; what is shown here is that the function answers. */
import type { FaultContext, Proof } from '../fault.ts';
import type { ResetFault } from './schema.ts';

export async function healReset(fault: ResetFault, ctx: FaultContext, signal: AbortSignal): Promise<Proof> {
  const bdf = ctx.bdfOf(fault.target);
  const id = (await ctx.host.must(`setpci -s ${bdf} VENDOR_ID.w`, signal)).trim();
  return { proved: id !== 'ffff', because: [`${fault.target} answers with vendor ${id}`] };
}
