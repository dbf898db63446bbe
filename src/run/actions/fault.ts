/** Actions `inject` and `heal`: each fault shown to have taken effect, and shown to be gone. */
import { setTimeout as delay } from 'node:timers/promises';
import { LabBrokeError } from '../../errors.ts';
import type { FaultContext } from '../../faults/fault.ts';
import { kindOf } from '../../faults/index.ts';
import { seededRandom, seedFor } from '../../lab/random.ts';
import { answering, hostOf, type VariantContext } from '../context.ts';
import { waitOrGoOn } from '../wait.ts';
import { bdfOf, refreshFunctions } from './devices.ts';
import { functionOn } from './traffic.ts';

/** One injection of a fault. `lateBy`, when it was planned for a moment. */
export interface Injection {
  fault: string;
  /** From 0. */
  occurrence: number;
  /** Milliseconds since the schedule began. */
  plannedMs?: number;
  /** Of one that lasts. */
  durationMs?: number;
}

/** From the injection to its proof; of a fault that lasts, until it was stopped. */
export async function injectFault(
  ctx: VariantContext,
  injection: Injection,
  signal: AbortSignal,
): Promise<void> {
  const { fault: id, occurrence, durationMs } = injection;
  const fault = ctx.plan.faults[id]!;
  const kind = kindOf(fault);
  // Of a lab with ports and no devices nobody has looked yet.
  if (ctx.functions.size === 0) await refreshFunctions(ctx, signal);
  const site = faultContext(ctx, injection);
  const state = await kind.inject(fault, site, signal);
  ctx.injections.set(id, [...(ctx.injections.get(id) ?? []), state]);
  if (durationMs !== undefined) {
    await delay(durationMs, undefined, { signal });
    const t0 = ctx.record.now();
    await kind.stop?.(fault, state, site, signal);
    ctx.record.event({ kind: 'fault-stopped', fault: id, occurrence, t0 });
  }
  const proof = await kind.prove(fault, state, site, signal);
  ctx.record.event({ kind: 'proof', fault: id, occurrence, stage: 'injected', ...proof });
}

/** All injections of a fault at once; nothing where there was none. */
export async function healFault(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const states = ctx.injections.get(id);
  if (!states) return;
  const fault = ctx.plan.faults[id]!;
  const site = faultContext(ctx, { fault: id, occurrence: states.length - 1 });
  const proof = await kindOf(fault).heal(fault, states, site, signal);
  ctx.record.event({ kind: 'proof', fault: id, stage: 'healed', ...proof });
}

function faultContext(ctx: VariantContext, { fault: id, occurrence, plannedMs }: Injection): FaultContext {
  const host = hostOf(ctx);
  return {
    id,
    occurrence,
    plan: ctx.plan,
    host: host.linux,
    hostSerial: host.serial,
    get hostMachine() {
      return host.machine;
    },
    machine: (name) => answering(ctx, name),
    guest: (name) => {
      const guest = ctx.guests.get(name);
      if (guest) return guest;
      throw new LabBrokeError(`${name} is not running yet`, { code: 'PLAN_ORDER' });
    },
    functions: ctx.functions,
    get sysfs() {
      return ctx.sysfs;
    },
    refreshFunctions: (signal) => refreshFunctions(ctx, signal),
    bdfOf: (name) => bdfOf(ctx, name),
    bdfOn: (name, fn, signal) => functionOn(ctx, name, fn, signal),
    now: ctx.record.now,
    event: (event) => ctx.record.event(event),
    file: (name, content) => ctx.record.file(name, content),
    injected: (via, t0, output) => {
      const planned = plannedMs === undefined ? {} : { plannedMs };
      ctx.record.event({ kind: 'injected', fault: id, occurrence, via, t0, output, ...planned });
    },
    scaled: ctx.scaled,
    within: (budgetMs, signal, wait) => waitOrGoOn(ctx.scaled(budgetMs), signal, wait),
    random: seededRandom(seedFor(ctx.plan.seed ?? 0, id, occurrence)),
  };
}
