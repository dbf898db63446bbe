/** That interrupts moved, and, of a churn inside a guest, that it reached VFIO on the host. */
import { readSwitchTrace } from '../../evidence/ftrace/vfio-switches.ts';
import { countersOf } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { Churn } from './inject.ts';
import type { AffinityChurnFault } from './schema.ts';

export async function proveChurn(
  fault: AffinityChurnFault,
  { running, traced, trace }: Churn,
  _ctx: FaultContext,
  _signal: AbortSignal,
): Promise<Proof> {
  const { counters, seconds } = countersOf(running);
  const { writes = 0, refused = 0, moves = 0 } = counters;
  const rate = (count: number) => (seconds > 0 ? `${(count / seconds).toFixed(1)} a second` : 'none');
  const because = [
    `${writes} affinities written on ${fault.on} in ${seconds.toFixed(1)} s, ${refused} refused`,
    `${moves} moves of an interrupt seen there (${rate(moves)})`,
  ];
  const measured: Record<string, number> = { seconds, writes, refused, moves };
  if (!traced) return { proved: moves > 0, because, measured };
  const { switches, masks, unmasks, requests } = readSwitchTrace(trace ?? '');
  const failed = switches.filter(({ result = 0 }) => result < 0).length;
  const took = switches.flatMap((one) => one.took ?? []).sort((a, b) => a - b);
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0;
  Object.assign(measured, {
    ...{
      masks,
      unmasks,
      triggerSwitches: switches.length,
      switchesFailed: failed,
      irqRequests: requests.length,
    },
    ...{
      switchMedianMs: at(0.5) * 1000,
      switch99Ms: at(0.99) * 1000,
      switchMaxMs: (took.at(-1) ?? 0) * 1000,
    },
  });
  because.push(
    `${masks} masks and ${unmasks} unmasks of a vector reached the host (${rate(masks + unmasks)}): VFIO was given another trigger ${switches.length} times, and requested its interrupt anew ${requests.length} times`,
    `a switch took ${(at(0.5) * 1000).toFixed(2)} ms (median), ${(at(0.99) * 1000).toFixed(2)} ms (99 of 100), at most ${((took.at(-1) ?? 0) * 1000).toFixed(2)} ms; ${failed} failed`,
  );
  return { proved: moves > 0 && switches.length > 0, because, measured };
}
