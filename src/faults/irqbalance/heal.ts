/** Every affinity of the machine back as it was before irqbalance was first started, and irqbalance gone. */
import { restoreAffinities } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { Balancing } from './inject.ts';
import type { IrqbalanceFault } from './schema.ts';

export async function healIrqbalance(
  { on }: IrqbalanceFault,
  [first]: readonly Balancing[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const running = await ctx.machine(on)?.ssh.exec('pidof irqbalance', signal);
  if (running?.exitCode === 0)
    return { proved: false, because: [`irqbalance still runs on ${on}: ${running.stdout.trim()}`] };
  return await restoreAffinities(ctx, on, first!.before, signal);
}
