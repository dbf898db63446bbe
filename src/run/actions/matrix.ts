/** The vector matrix of the host as part of a snapshot, where the plan gives its machine a gdb stub. */
import { isKnownError } from '../../errors.ts';
import { markClock } from '../../guest/clock.ts';
import type { Moment } from '../../lab/plan.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { kernelFacts, readerOf, takeMatrix } from '../inspect.ts';
import { symbolsOfRace } from './race.ts';

/** Does nothing without a stub. A matrix that cannot be read is noted: the rest of the run is worth as much. */
export async function matrixSnapshot(
  ctx: VariantContext,
  moment: Moment,
  signal: AbortSignal,
): Promise<void> {
  if (ctx.realHost) return;
  const { machine, linux } = hostOf(ctx);
  if (!machine.gdb) return;
  const t0 = ctx.record.now();
  try {
    ctx.kernelFacts ??= await kernelFacts(linux, machine.spec.kernel, signal, symbolsOfRace(ctx));
    ctx.matrixReader ??= readerOf(ctx.kernelFacts);
    const { snapshot, stoppedMs } = await takeMatrix(machine.gdb, ctx.matrixReader, signal);
    // Something on the host (irqbalance) may have moved an interrupt since the moment's marker: the trace tells.
    const until = ctx.plan.disks ? (await markClock(linux, ctx.record, signal)).split(' ')[1]! : undefined;
    const file = `snapshots/${moment}.host.matrix`;
    ctx.record.file(file, `${JSON.stringify(snapshot)}\n`);
    ctx.record.event({
      ...{ kind: 'snapshot', machine: 'host', what: 'matrix', moment, file, t0, stoppedMs },
      ...(until === undefined ? {} : { until }),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!isKnownError(error)) throw error;
    ctx.record.event({ kind: 'note', text: `no ${moment} matrix snapshot of host: ${error.message}` });
  }
}
