/** The driver noticed: no carrier, and its own line in the kernel's log. */
import type { FaultContext, Proof } from '../fault.ts';
import type { LinkDown } from './inject.ts';
import type { LinkDownFault } from './schema.ts';

export async function proveLinkDown(
  fault: LinkDownFault,
  { marker, carrier }: LinkDown,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const log = await ctx.host.must('dmesg', signal);
  return linkDownProof(carrier, log.slice(Math.max(0, log.indexOf(marker))), ctx.bdfOf(fault.target));
}

/** @param since the kernel's log since the marker */
export function linkDownProof(carrier: string, since: string, bdf: string): Proof {
  const said = since.split('\n').some((line) => line.includes(bdf) && line.includes('NIC Link is Down'));
  return {
    proved: carrier === '0' && said,
    because: [
      `carrier read ${carrier || 'nothing'} while the link was down`,
      said ? 'the driver says that the link is down' : 'the driver does not say that the link is down',
    ],
  };
}
