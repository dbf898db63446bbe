/** Traffic that is kept up while faults are injected. Its end is on record; what it means is judged afterwards. */
import { isKnownError } from '../../errors.ts';
import { endLoad, type Load, startBlockLoad, startPingLoad } from '../../guest/load.ts';
import type { TrafficPlan } from '../../lab/plan.ts';
import { answering, type VariantContext } from '../context.ts';
import { waitOrGoOn } from '../wait.ts';
import { functionOn } from './traffic.ts';

/** To be told to end, and say what went through. */
const endBudgetMs = 10_000;

export interface Loads {
  end: (signal: AbortSignal) => Promise<void>;
}

export async function startLoads(ctx: VariantContext, signal: AbortSignal): Promise<Loads> {
  const running: { traffic: TrafficPlan; load: Load; t0: number }[] = [];
  for (const traffic of ctx.plan.traffic.filter(({ keepUp }) => keepUp)) {
    const machine = answering(ctx, traffic.from);
    const bdf = machine && (await functionOn(ctx, traffic.from, traffic.over, signal));
    if (!bdf) continue;
    const t0 = ctx.record.now();
    const load =
      traffic.kind === 'ping'
        ? await startPingLoad(machine, bdf, traffic.to ?? '', traffic.id, signal)
        : await startBlockLoad(machine, bdf, traffic.id, signal);
    running.push({ traffic, load, t0 });
  }
  return {
    end: async (signal) => {
      for (const { traffic, load, t0 } of running) {
        const { id, from, over } = traffic;
        const silent = { sent: 0, received: 0, output: `${from} does not answer` };
        const machine = answering(ctx, from);
        const result =
          machine &&
          (await waitOrGoOn(ctx.scaled(endBudgetMs), signal, (s) => endLoad(machine, load, s)).catch(
            (error: unknown) => {
              signal.throwIfAborted();
              if (!isKnownError(error)) throw error;
              return { ...silent, output: error.message };
            },
          ));
        const seconds = ctx.record.now() - t0;
        ctx.record.event({ kind: 'load', id, from, over, ...(result ?? silent), seconds, t0 });
      }
    },
  };
}
