/** Executes a plan: prepares what its machines boot from, runs variant after variant, judges each. */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { type BuildContext, usableCache } from '../images/cache.ts';
import type { Plan, VariantPlan } from '../lab/plan.ts';
import { chooseAccelerator } from '../machine/accel.ts';
import type { RealHost } from '../real-host/real-host.ts';
import type { Emit, RunEvent } from '../report/events.ts';
import type { RunResult, VariantResult } from '../report/result.ts';
import { environmentFacts, harnessVersions } from './environment.ts';
import { judgeVariant } from './judge-variant.ts';
import { guestFiles, type LaunchFiles, launchFiles, withPatchedDriver } from './launch-files.ts';
import { probeGuest } from './probe-guest.ts';
import { raceSummaries } from './race-summary.ts';
import { runVariant, type VariantOptions } from './variant.ts';

export interface RunOptions {
  /** Ctrl-C: what runs is torn down, and the result says `interrupted`. */
  signal: AbortSignal;
  /** Parent of the run folder. */
  outDir: string;
  emit: Emit;
  /** Times that each variant runs. */
  repeat?: number;
  /** Look for newer kernels and packages. */
  refresh?: boolean;
  beforeTeardown?: VariantOptions['beforeTeardown'];
  /** The host of every variant, in place of one to be booted. */
  realHost?: RealHost;
}

/** What a finished run leaves besides its folder: the command line of every machine, for the `replay` script. */
export interface RunOutcome {
  result: RunResult;
  machines: { variant: string; machine: string; command: readonly string[] }[];
}

export async function runPlan(plan: Plan, options: RunOptions): Promise<RunOutcome> {
  const startedAt = new Date();
  const started = performance.now();
  const emit = (event: RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 't'> : never) : never) =>
    options.emit({ t: performance.now() - started, ...event });
  const repeat = options.repeat ?? 1;
  const cache = usableCache();
  const folder = makeRunFolder(options.outDir, plan.lab, startedAt);
  emit({ kind: 'run-start', plan, folder, repeat });

  const { signal } = options;
  const context: BuildContext = {
    cache,
    onProgress: (text) => emit({ kind: 'prepare', text }),
    signal,
    refresh: options.refresh ?? false,
  };
  const result: RunResult = {
    schemaVersion: 1,
    lab: plan.lab,
    title: plan.title,
    file: plan.file,
    ...(plan.seed === undefined ? {} : { seed: plan.seed }),
    startedAt: startedAt.toISOString(),
    durationMs: 0,
    variants: [],
    versions: {},
    accelerator: { kind: 'tcg', reason: 'nothing ran', cannotShow: [] },
    environment: environmentFacts(),
    folder,
  };
  const machines: RunOutcome['machines'] = [];
  try {
    result.versions = await harnessVersions(signal);
    const files = new Map<VariantPlan, LaunchFiles>();
    for (const variant of plan.variants) {
      const found = await (variant.host.real ? guestFiles : launchFiles)(context, plan, variant);
      files.set(variant, found);
      Object.assign(result.versions, found.versions);
    }
    const first = files.get(plan.variants[0]!);
    if (options.realHost) result.accelerator = acceleratorOf(options.realHost);
    else if (first) {
      emit({ kind: 'prepare', text: 'Choosing the accelerator' });
      result.accelerator = await chooseAccelerator({
        guest: probeGuest(first),
        cacheDir: context.cache,
        signal,
      });
    }
    const accelerator = result.accelerator.kind;
    for (const [variant, found] of files) {
      const complete = await withPatchedDriver(context, found, plan, variant, { accelerator, signal });
      files.set(variant, complete);
      Object.assign(result.versions, complete.versions);
    }
    const races = raceSummaries(plan);
    if (races.length > 0) result.races = races;
    writeJson(join(folder, 'run.json'), { plan, ...result });

    const count = plan.variants.length * repeat;
    let index = 0;
    for (let repetition = 1; repetition <= repeat; repetition += 1) {
      for (const variant of plan.variants) {
        emit({ kind: 'variant-start', variant: variant.id, repetition, index, count });
        index += 1;
        const done = await oneVariant(variant, repetition, files.get(variant)!);
        result.variants.push(done);
        emit({ kind: 'variant-end', variant: variant.id, result: done });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    result.interrupted = signal.reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
  }
  result.durationMs = performance.now() - started;
  emit({ kind: 'run-end', result });
  return { result, machines };

  /**
   * One variant, once more if a *known quirk of the emulator* broke it: such an end says nothing about a kernel,
   * and is on record. Nothing else is ever tried again.
   */
  async function oneVariant(
    variant: VariantPlan,
    repetition: number,
    files: LaunchFiles,
  ): Promise<VariantResult> {
    const name = repetition === 1 ? variant.id : `${variant.id}.${repetition}`;
    const first = await attempt(variant, repetition, files, name);
    const quirk = first.error?.quirk;
    if (quirk === undefined) return first;
    const text = `broken by the emulator (quirk ${quirk}), once more: ${first.folder}`;
    emit({ kind: 'note', variant: variant.id, level: 'warning', text });
    const second = await attempt(variant, repetition, files, `${name}.again`);
    return { ...second, brokenByEmulator: [{ quirk, folder: first.folder }] };
  }

  async function attempt(
    variant: VariantPlan,
    repetition: number,
    files: LaunchFiles,
    name: string,
  ): Promise<VariantResult> {
    const variantFolder = join(folder, name);
    const run = await runVariant({
      plan: variant,
      folder: variantFolder,
      accelerator: result.accelerator,
      files,
      signal,
      onPhase: ({ name: phase, title }, budgetMs) =>
        emit({ kind: 'phase-start', variant: variant.id, phase, title, budgetMs }),
      onPhaseEnd: ({ name: phase }, ms, outcome) =>
        emit({ kind: 'phase-end', variant: variant.id, phase, ms, outcome }),
      ...(options.realHost ? { realHost: options.realHost } : {}),
      ...(options.beforeTeardown ? { beforeTeardown: options.beforeTeardown } : {}),
    });
    for (const started of run.machines) machines.push({ variant: name, ...started });
    return judgeVariant(variant, repetition, variantFolder, run);
  }
}

/** A real host's guests run on its own KVM; what an emulator cannot show does not apply. */
function acceleratorOf({ url }: RealHost): RunResult['accelerator'] {
  return { kind: 'kvm', reason: `the host is a real one: ${url}`, cannotShow: [] };
}

/**
 * `<outDir>/20261121T050203Z-vf-aer-hang`, and `<outDir>/latest` that points to it.
 * @throws EnvironmentError OUTPUT_FAILED
 */
export function makeRunFolder(outDir: string, lab: string, at: Date): string {
  try {
    return newFolder(outDir, lab, at);
  } catch (error) {
    throw new EnvironmentError(`no run folder can be made in ${outDir}: ${(error as Error).message}`, {
      code: 'OUTPUT_FAILED',
      next: '--output FOLDER: one that you may write',
      cause: error,
    });
  }
}

function newFolder(outDir: string, lab: string, at: Date): string {
  const stamp = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  mkdirSync(outDir, { recursive: true });
  for (let i = 1; ; i += 1) {
    const folder = join(outDir, `${stamp}-${lab}${i === 1 ? '' : `-${i}`}`);
    if (existsSync(folder)) continue;
    // Two runs may start in the same second: mkdir decides who has the name.
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    pointLatest(outDir, folder);
    return folder;
  }
}

function pointLatest(outDir: string, folder: string): void {
  const link = join(outDir, 'latest');
  rmSync(link, { force: true });
  try {
    symlinkSync(relative(outDir, folder) || basename(folder), link);
  } catch (error) {
    // Another run that starts at the same moment made its own link: either is a latest run.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
