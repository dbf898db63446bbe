/** `vflab hunt LAB`: many schedules of a lab's race, each of a seed; and `vflab run LAB --deterministic`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { EnvironmentError, exitCodes } from '../errors.ts';
import { type HuntEvent, type HuntResult, hunt as huntIn, weigh } from '../hunt/hunt.ts';
import { type BuildContext, usableCache } from '../images/cache.ts';
import type { Plan, VariantPlan } from '../lab/plan.ts';
import { ending, type HuntHead, huntText } from '../report/hunt-text.ts';
import { boot } from '../run/hunt/boot.ts';
import { makeGround } from '../run/hunt/ground.ts';
import { huntMachine, huntOf } from '../run/hunt/machine.ts';
import { runSchedule } from '../run/hunt/one-run.ts';
import { stubBroken } from '../run/inspect.ts';
import { makeRunFolder } from '../run/run.ts';
import type { CommandContext } from './context.ts';
import { onInterrupt } from './interrupt.ts';
import { findLab, loadLabs } from './labs.ts';
import { plansFor, type SelectOptions } from './select.ts';

export interface HuntCommandOptions extends SelectOptions {
  runs: number;
  /** One schedule only. */
  seed?: number;
  first: number;
  jobs?: number;
  json?: boolean;
  output?: string;
}

/** Shrinking takes some ten runs a hit. */
const shrinkHits = 3;

/** @returns 0: no run failed; 1: some did; 3: none came to an end. */
export async function hunt(
  context: CommandContext,
  name: string,
  options: HuntCommandOptions,
): Promise<number> {
  const { err, out, cwd } = context;
  using interrupt = onInterrupt((text) => err.write(text));
  const { signal } = interrupt;
  const build = buildContext(context, signal);
  const seeds =
    options.seed === undefined
      ? Array.from({ length: options.runs }, (_, i) => (options.first + i) >>> 0)
      : [options.seed];
  const all: object[] = [];
  let exit: number = exitCodes.asExpected;
  for (const { plan, variant } of await variantsOf(context, name, options)) {
    const hunted = huntOf(plan, variant);
    const { spec, versions } = await huntMachine(build, plan, variant, hunted);
    const ground = await makeGround(build, spec, hunted);
    const result = await huntIn({
      ...{ seeds, preemptions: hunted.preemptions, longest: hunted.longest, cpus: spec.cpus, shrinkHits },
      jobs: options.jobs ?? Math.min(2, availableParallelism()),
      run: (schedule) => runSchedule(ground, schedule, signal).catch(stubBroken),
      now: () => performance.now(),
      tell: progress(context),
    });
    const head: HuntHead = {
      ...hunted,
      points: ground.stops.points.map(({ name }) => name),
      weight: weigh(result, { ...hunted, cpus: spec.cpus }),
      title: `${plan.lab}, ${variant.id}`,
      replay: (seed) => `vflab hunt ${plan.file} ${selection(variant)} --seed ${seed}`,
    };
    const folder = makeRunFolder(resolve(cwd, options.output ?? 'runs'), `${plan.lab}-hunt`, new Date());
    const report = {
      lab: plan.lab,
      variant: variant.id,
      hunt: hunted,
      ground: ground.id,
      versions,
      ...result,
    };
    keep(folder, report, result);
    all.push(report);
    if (!options.json) out.write(`${huntText(head, result, out.style)}  Evidence: ${folder}\n`);
    exit = Math.max(exit, exitOf(result));
  }
  if (options.json) out.write(`${JSON.stringify(all, null, 2)}\n`);
  return exit;
}

/**
 * From power-on to the end of the work, with nobody held and no snapshot: the console is the same on every run.
 * @returns 0 if the work succeeded, else 1.
 */
export async function runDeterministic(
  context: CommandContext,
  names: readonly string[],
  options: SelectOptions & { json?: boolean; output?: string },
): Promise<number> {
  using interrupt = onInterrupt((text) => context.err.write(text));
  const build = buildContext(context, interrupt.signal);
  let exit: number = exitCodes.asExpected;
  for (const name of names) {
    for (const { plan, variant } of await variantsOf(context, name, options)) {
      const hunted = huntOf(plan, variant);
      const { spec } = await huntMachine(build, plan, variant, hunted);
      context.err.write(`${plan.lab}, ${variant.id}: from power-on to the end of its work\n`);
      const run = await boot(spec, interrupt.signal);
      const folder = makeRunFolder(resolve(context.cwd, options.output ?? 'runs'), plan.lab, new Date());
      write(join(folder, 'host.serial'), `${run.console.join('\n')}\n`);
      const { sha256, status } = run;
      const report = { lab: plan.lab, variant: variant.id, outcome: run.outcome, status, sha256, folder };
      context.out.write(
        options.json
          ? `${JSON.stringify(report)}\n`
          : `${plan.lab}, ${variant.id}: ${ending(run)}\n  ${run.console.length} lines, sha256 ${sha256}\n  Evidence: ${folder}\n`,
      );
      if (run.outcome !== 'passed') exit = exitCodes.notAsExpected;
    }
  }
  return exit;
}

async function variantsOf(
  { cwd }: CommandContext,
  name: string,
  options: SelectOptions,
): Promise<{ plan: Plan; variant: VariantPlan }[]> {
  const labs = await loadLabs(cwd, [await findLab(cwd, name)]);
  const plans = await plansFor(cwd, labs, options);
  // Variants differ in what is done to the host, which a hunt does itself: the first of each kernel stands for all.
  return plans.flatMap((plan) => {
    const first = new Map<string, VariantPlan>();
    for (const variant of plan.variants) {
      const { variant: _, ...machine } = variant.axes;
      const key = options.variant ? variant.id : JSON.stringify(machine);
      if (!first.has(key)) first.set(key, variant);
    }
    return [...first.values()].map((variant) => ({ plan, variant }));
  });
}

function selection({ axes }: VariantPlan): string {
  return Object.entries(axes)
    .map(([name, value]) =>
      name === 'kernel' || name === 'variant' ? `--${name} ${value}` : `--axis ${name}=${value}`,
    )
    .join(' ');
}

function buildContext({ err }: CommandContext, signal: AbortSignal): BuildContext {
  return { cache: usableCache(), onProgress: (text) => err.write(`${text}\n`), signal };
}

/** A line for what matters, and on a terminal one that is written anew. */
function progress({ err }: CommandContext): (event: HuntEvent) => void {
  const width = err.columns();
  const clear = width > 0 ? '\r\u001b[2K' : '';
  return (event) => {
    if (event.kind === 'undisturbed')
      err.write(`${clear}Undisturbed: ${ending(event.run)}, ${event.run.visits.length} visits\n`);
    else if (event.kind === 'shrinking') err.write(`${clear}Shrinking seed ${event.seed}\n`);
    else {
      const { seed, run, done, of } = event;
      const found = run.outcome === 'passed' ? '' : `Seed ${seed}: ${ending(run)}\n`;
      const step = Math.max(1, Math.floor(of / 10));
      if (width > 0) err.write(`${clear}${found}${done} of ${of} runs`);
      else if (found || done % step === 0) err.write(`${found}${done} of ${of} runs\n`);
      if (width > 0 && done === of) err.write('\n');
    }
  };
}

function exitOf({ undisturbed, hits, runs }: HuntResult): number {
  if (undisturbed.outcome === 'unfinished') return exitCodes.labBroke;
  if (undisturbed.outcome === 'failed' || hits.length > 0) return exitCodes.notAsExpected;
  return runs === 0 ? exitCodes.labBroke : exitCodes.asExpected;
}

function keep(folder: string, report: object, { undisturbed, hits }: HuntResult): void {
  write(join(folder, 'hunt.json'), `${JSON.stringify(report, null, 2)}\n`);
  const serial = (name: string, lines: readonly string[]) =>
    write(join(folder, `${name}.serial`), `${lines.join('\n')}\n`);
  serial('undisturbed', undisturbed.console);
  for (const { seed, run, shrunk } of hits) {
    serial(`seed-${seed}`, run.console);
    if (shrunk) serial(`seed-${seed}.shrunk`, shrunk.run.console);
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new EnvironmentError(`${path} cannot be written: ${(error as Error).message}`, {
      code: 'OUTPUT_FAILED',
      next: '--output FOLDER: one that can be written',
      cause: error,
    });
  }
}
