/** What has to hold while faults are injected: checked again and again, each check on record, judged afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { isKnownError } from '../../errors.ts';
import type { InvariantPlan } from '../../lab/plan.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { kernelFacts, readerOf, takeMatrix } from '../inspect.ts';
import { waitOrGoOn } from '../wait.ts';
import { markLedger } from './ledger.ts';
import { askQmp, askSsh } from './observe.ts';
import { checkTraffic } from './traffic.ts';

interface Check {
  held: boolean;
  /** What was seen. */
  answer: string;
  /** Nothing was seen in time. */
  late?: true;
}

/** From now until the faults are over, then once more. @param over aborted when they are. */
export async function watchInvariant(
  ctx: VariantContext,
  invariant: InvariantPlan,
  over: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  for (let last = false; ; ) {
    const t0 = ctx.record.now();
    const check = await checkOnce(ctx, invariant, signal);
    if (check) ctx.record.event({ kind: 'invariant', id: invariant.id, ...check, t0 });
    if (last) return;
    const leftMs = invariant.everyMs - (ctx.record.now() - t0) * 1000;
    // The end of the faults ends the wait, and one more check follows.
    await delay(Math.max(0, leftMs), undefined, { signal: AbortSignal.any([signal, over]) }).catch(() => {
      signal.throwIfAborted();
    });
    last = over.aborted;
  }
}

/** @returns undefined where the check is made afterwards, from the record. */
async function checkOnce(
  ctx: VariantContext,
  invariant: InvariantPlan,
  signal: AbortSignal,
): Promise<Check | undefined> {
  const budgetMs = ctx.scaled(invariant.withinMs);
  const silent: Check = {
    held: false,
    late: true,
    answer: `no answer within ${(budgetMs / 1000).toFixed(1)} s`,
  };
  const bounded = async (ask: (s: AbortSignal) => Promise<Check>) => {
    try {
      return (await waitOrGoOn(budgetMs, signal, ask)) ?? silent;
    } catch (error) {
      signal.throwIfAborted();
      // A lost connection or an ended QEMU is an answer; it is no breakdown of the lab.
      if (!isKnownError(error)) throw error;
      return { held: false, answer: `${error.code}: ${error.message}` };
    }
  };
  switch (invariant.kind) {
    case 'guest-answers': {
      const check = await bounded(async (s) => {
        const { alive, answer } = await askSsh(ctx, invariant.guest, s);
        return { held: alive, answer: `ssh: ${answer}` };
      });
      if (check.held) return check;
      const qmp = await bounded(async (s) => ({ held: false, ...(await askQmp(ctx, invariant.guest, s)) }));
      return { ...check, answer: `${check.answer}; qmp: ${qmp.answer}` };
    }
    case 'traffic':
      return await bounded(async (s) => {
        const { sent, received } = await checkTraffic(ctx, invariant.traffic, 'during-fault', s);
        return { held: received > 0, answer: `${received} of ${sent} came back` };
      });
    case 'global-available':
      return await bounded(async (s) => {
        const free = await globalAvailable(ctx, s);
        return { held: free >= invariant.atLeast, answer: `${free} vectors available` };
      });
    case 'ledger-balanced':
      // Judged from the traces; a mark in both ties their clocks here.
      await waitOrGoOn(budgetMs, signal, (s) => markLedger(hostOf(ctx).linux, s));
      return undefined;
  }
}

/** Read out of the host's memory through the gdb stub: the kernel shows it nowhere (no GENERIC_IRQ_DEBUGFS). */
async function globalAvailable(ctx: VariantContext, signal: AbortSignal): Promise<number> {
  const { machine, linux } = hostOf(ctx);
  ctx.matrixReader ??= readerOf(await kernelFacts(linux, machine.spec.kernel, signal));
  const { snapshot } = await takeMatrix(machine.gdb!, ctx.matrixReader, signal);
  return snapshot.globalAvailable;
}
