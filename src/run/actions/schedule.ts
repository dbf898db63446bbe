/** Action `run-schedule`: faults at their moments, beside each other, while the plan's invariants are checked. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Action, ScheduledFault } from '../../lab/plan.ts';
import type { VariantContext } from '../context.ts';
import { together } from '../together.ts';
import { injectFault } from './fault.ts';
import { watchInvariant } from './invariants.ts';
import { startLoads } from './load.ts';

export async function runSchedule(
  ctx: VariantContext,
  { inOrder, schedule }: Action & { do: 'run-schedule' },
  signal: AbortSignal,
): Promise<void> {
  const began = ctx.record.now();
  const { seed } = ctx.plan;
  ctx.record.event({ kind: 'schedule', state: 'begin', ...(seed === undefined ? {} : { seed }) });
  const over = new AbortController();
  const watching = together(
    signal,
    (ctx.plan.invariants ?? []).map((invariant) => (s) => watchInvariant(ctx, invariant, over.signal, s)),
  );
  const load = await startLoads(ctx, signal);
  // A watch that breaks is found below; until then nobody waits for it.
  watching.catch(() => {});
  try {
    await together(signal, [
      (s) => oneByOne(ctx, inOrder, s),
      ...schedule.map((entry) => (s: AbortSignal) => atItsMoments(ctx, entry, began, s)),
    ]);
  } finally {
    over.abort();
  }
  await watching;
  await load.end(signal);
  ctx.record.event({ kind: 'schedule', state: 'end' });
}

async function oneByOne(ctx: VariantContext, faults: readonly string[], signal: AbortSignal): Promise<void> {
  for (const fault of faults) await injectFault(ctx, { fault, occurrence: 0 }, signal);
}

/** A moment that has passed already comes at once: the number of injections is kept, and how late is on record. */
async function atItsMoments(
  ctx: VariantContext,
  { fault, atMs, durationMs }: ScheduledFault,
  began: number,
  signal: AbortSignal,
): Promise<void> {
  for (const [occurrence, plannedMs] of atMs.entries()) {
    const waitMs = began * 1000 + plannedMs - ctx.record.now() * 1000;
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    const lasts = durationMs === undefined ? {} : { durationMs };
    await injectFault(ctx, { fault, occurrence, plannedMs, ...lasts }, signal);
  }
}
