/** That irqbalance ran to the end, and moved something. */
import { countersOf } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { Balancing } from './inject.ts';
import type { IrqbalanceFault } from './schema.ts';

export async function proveIrqbalance(
  { on }: IrqbalanceFault,
  { running }: Balancing,
  _ctx: FaultContext,
  _signal: AbortSignal,
): Promise<Proof> {
  const { counters, seconds } = countersOf(running);
  const { moves = 0, alive } = counters;
  const said = running.lines.filter(({ text }) => text.startsWith('irqbalance: ')).map(({ text }) => text);
  return {
    // A machine that stopped answering says nothing of its end; then what it moved until then counts.
    proved: moves > 0 && alive !== 0,
    because: [
      `irqbalance changed ${moves} affinities on ${on} in ${seconds.toFixed(1)} s`,
      ...(alive === 0 ? ['it ended by itself', ...said.slice(-3)] : []),
    ],
    measured: { moves, seconds },
  };
}
