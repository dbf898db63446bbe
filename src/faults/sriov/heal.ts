/** A cycle undoes itself; what is shown here is that the PF has no VF. */
import type { FaultContext, Proof } from '../fault.ts';
import type { SriovFault } from './schema.ts';

export async function healSriov(fault: SriovFault, ctx: FaultContext, signal: AbortSignal): Promise<Proof> {
  const dir = `/sys/bus/pci/devices/${ctx.bdfOf(fault.target)}`;
  const count = (await ctx.host.must(`cat ${dir}/sriov_numvfs`, signal)).trim();
  return { proved: count === '0', because: [`${fault.target} has ${count} VFs`] };
}
