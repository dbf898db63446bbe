/** One variant from boot to its last byte of evidence. Whatever happens, the record is kept and all is undone. */
import { isKnownError, type LabBrokeError } from '../errors.ts';
import { generateSshKey } from '../guest/key.ts';
import type { Phase, VariantPlan } from '../lab/plan.ts';
import { withDeadline } from '../machine/deadline.ts';
import type { Accelerator } from '../machine/spec.ts';
import { measuredSpeed, unmeasuredSpeed } from '../machine/speed.ts';
import type { RealHost } from '../real-host/real-host.ts';
import type { ResultError } from '../report/result.ts';
import { collect, collectTasks } from './actions/collect.ts';
import type { VariantContext } from './context.ts';
import { execute } from './execute.ts';
import type { LaunchFiles } from './launch-files.ts';
import { VariantRecord } from './record.ts';
import { watchGuest, watchHost } from './watch.ts';

export interface VariantOptions {
  plan: VariantPlan;
  folder: string;
  accelerator: Accelerator;
  files: LaunchFiles;
  /** In place of a host to be booted. */
  realHost?: RealHost;
  signal: AbortSignal;
  onPhase: (phase: Phase, budgetMs: number) => void;
  onPhaseEnd: (phase: Phase, ms: number, outcome: 'done' | 'failed' | 'aborted') => void;
  /** Called with the machines still up, before they are torn down (`--keep`). */
  beforeTeardown?: (ctx: VariantContext, signal: AbortSignal) => Promise<void>;
}

export interface VariantRun {
  durationMs: number;
  phases: { name: string; title: string; ms: number; budgetMs: number }[];
  quirksAvoided?: readonly string[];
  /** Every QEMU that was started, program first. */
  machines: { machine: string; command: readonly string[] }[];
  error?: ResultError;
}

/** The host's boot to SSH on the reference machine (2 cores, TCG). */
const referenceBootMs = 6_000;

/** Evidence after a breakdown is worth waiting for, but not long: the machine may be what broke. */
const lastWordsBudgetMs = 15_000;

export async function runVariant(options: VariantOptions): Promise<VariantRun> {
  const { plan, signal } = options;
  const started = performance.now();
  const record = new VariantRecord(options.folder);
  const run: VariantRun = { durationMs: 0, phases: [], machines: [] };
  record.file('plan.json', `${JSON.stringify(plan, null, 2)}\n`);
  const broken = new AbortController();
  let leftBehind: LabBrokeError | undefined;
  let phase: Phase | undefined;
  try {
    await using cleanup = new AsyncDisposableStack();
    const ctx = makeContext(options, record, cleanup, broken);
    ctx.leftBehind = (error) => {
      leftBehind = error;
    };
    const stop = AbortSignal.any([signal, broken.signal]);
    try {
      for (phase of plan.phases) await runPhase(ctx, options, phase, run, stop);
      await options.beforeTeardown?.(ctx, stop);
    } catch (error) {
      signal.throwIfAborted();
      const cause = await rootCause(error, broken.signal);
      // A host that is gone has no last words.
      if (!broken.signal.aborted) await lastWords(ctx, signal);
      throw cause;
    } finally {
      if (ctx.host && !ctx.realHost) {
        run.machines.push({ machine: 'host', command: ctx.host.machine.command });
        run.quirksAvoided = ctx.host.machine.quirksAvoided;
      }
      for (const { id, command } of ctx.guests.values()) run.machines.push({ machine: id, command });
      for (const guest of ctx.guests.values()) guest.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isKnownError(error)) throw error;
    run.error = resultError(error, phase?.name);
    const { code, message } = run.error;
    record.event({ kind: 'broke', code, message, phase: phase?.name ?? '' });
  } finally {
    // A host that is not as it was is worse than whatever happened before.
    if (leftBehind) {
      run.error = resultError(leftBehind, 'restore');
      record.event({ kind: 'broke', code: leftBehind.code, message: leftBehind.message, phase: 'restore' });
    }
    record.close();
    run.durationMs = performance.now() - started;
  }
  return run;
}

async function runPhase(
  ctx: VariantContext,
  options: VariantOptions,
  phase: Phase,
  run: VariantRun,
  signal: AbortSignal,
): Promise<void> {
  const { name, title } = phase;
  const { speed } = ctx;
  const budgetMs = speed.scaleBudget(phase.budgetMs);
  const t0 = performance.now();
  options.onPhase(phase, budgetMs);
  ctx.record.event({ kind: 'phase', phase: name, state: 'begin', title, budgetMs });
  let outcome: 'done' | 'failed' | 'aborted' = 'failed';
  try {
    const deadline = {
      name: title,
      budgetMs: phase.budgetMs,
      speed,
      signal,
      lastLines: () => consoleTail(ctx),
    };
    await withDeadline(deadline, async (s) => {
      for (const action of phase.actions) await execute(ctx, action, s);
    });
    outcome = 'done';
  } catch (error) {
    if (options.signal.aborted) outcome = 'aborted';
    throw error;
  } finally {
    const ms = performance.now() - t0;
    run.phases.push({ name, title, ms, budgetMs });
    options.onPhaseEnd(phase, ms, outcome);
    ctx.record.event({ kind: 'phase', phase: name, state: 'end', title });
  }
}

function makeContext(
  options: VariantOptions,
  record: VariantRecord,
  cleanup: AsyncDisposableStack,
  broken: AbortController,
): VariantContext {
  let nonce = 0;
  const ctx: VariantContext = {
    plan: options.plan,
    record,
    accelerator: options.accelerator,
    files: options.files,
    key: generateSshKey(),
    cleanup,
    speed: unmeasuredSpeed,
    scaled: (budgetMs) => ctx.speed.scaleBudget(budgetMs),
    hostBooted: (ms) => {
      ctx.speed = measuredSpeed(ms, referenceBootMs);
    },
    watchHost: (machine) => watchHost(machine, options.accelerator, broken),
    watchGuest: (guest) => watchGuest(guest, options.accelerator, broken),
    ...(options.realHost ? { realHost: options.realHost } : {}),
    leftBehind: () => {},
    nextNonce: () => {
      nonce += 1;
      return nonce;
    },
    guests: new Map(),
    functionOwners: new Map(),
    functions: new Map(),
    sysfs: [],
    injections: new Map(),
  };
  return ctx;
}

/** Long enough for the news that QEMU has ended to arrive after a connection into it broke. */
const newsBudgetMs = 1_000;

/** A dead host takes connections and guests with it, and those may be noticed first: its end is the reason. */
async function rootCause(error: unknown, broken: AbortSignal): Promise<unknown> {
  if (!broken.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, newsBudgetMs);
    broken.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  }
  return broken.aborted ? broken.reason : error;
}

function consoleTail(ctx: VariantContext): string[] {
  const guests = [...ctx.guests.values()].flatMap((g) =>
    g.serial.lastLines(6).map((line) => `${g.id}: ${line}`),
  );
  return [...(ctx.host?.serial.lastLines(8) ?? []), ...guests];
}

async function lastWords(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  if (!ctx.host) return;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(lastWordsBudgetMs)]);
  await (async () => {
    await collectTasks(ctx, bounded);
    await collect(ctx, bounded);
  })().catch((error: unknown) => {
    ctx.record.event({ kind: 'note', text: `no evidence after the breakdown: ${String(error)}` });
  });
}

function resultError(error: unknown, phase: string | undefined): ResultError {
  if (!isKnownError(error)) throw error;
  return {
    code: error.code,
    message: error.message,
    ...(phase ? { phase } : {}),
    ...(error.next ? { next: error.next } : {}),
    ...(error.quirk ? { quirk: error.quirk } : {}),
    lastLines: error.lastLines,
  };
}
