/** `vflab run LAB…`: run labs and tell what was found. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvironmentError, exitCodes } from '../errors.ts';
import type { RealHost } from '../real-host/real-host.ts';
import { fanOut } from '../report/events.ts';
import { githubAnnotations } from '../report/github.ts';
import { jsonReport } from '../report/json.ts';
import { junitReport } from '../report/junit.ts';
import { bisectExitCode, exitCodeOf } from '../report/outcome.ts';
import { Progress } from '../report/progress.ts';
import { type ReplayMachine, replayScript } from '../report/replay.ts';
import type { RunResult } from '../report/result.ts';
import { textReport } from '../report/text.ts';
import type { CommandContext } from './context.ts';
import { onInterrupt } from './interrupt.ts';
import { holdMachines } from './keep.ts';
import { findLab, loadLabs } from './labs.ts';
import type { RealHostOptions } from './real-host.ts';
import { plansFor, type SelectOptions } from './select.ts';

export interface RunCommandOptions extends SelectOptions, RealHostOptions {
  dryRun?: boolean;
  deterministic?: boolean;
  json?: boolean;
  output?: string;
  repeat: number;
  bisect?: boolean;
  refresh?: boolean;
  keep?: boolean;
  junit?: string;
  quiet?: boolean;
  verbose?: boolean;
}

/** @returns the exit code. */
export async function run(
  context: CommandContext,
  names: readonly string[],
  options: RunCommandOptions,
): Promise<number> {
  if (options.deterministic) return (await import('./hunt.ts')).runDeterministic(context, names, options);
  const { cwd, out, err, env } = context;
  const labs = await loadLabs(cwd, await Promise.all(names.map((name) => findLab(cwd, name))));
  let plans = await plansFor(cwd, labs, options);
  if (plans.every((plan) => plan.variants.length === 0)) {
    err.write('Nothing to run: the lab excludes every cell that was chosen.\n');
    return options.bisect ? exitCodes.bisectAbort : exitCodes.nothingRan;
  }
  // A machine that is kept may be looked into.
  if (options.keep)
    for (const { variants } of plans) for (const { host } of variants) host.spec.gdbStub = true;
  using interrupt = onInterrupt((text) => err.write(text));
  let realHost: RealHost | undefined;
  if (options.host !== undefined) {
    const { prepareRealHost } = await import('./real-host.ts');
    const ready = await prepareRealHost(context, plans, options, interrupt.signal);
    if (!ready) return exitCodes.nothingRan;
    ({ plans, realHost } = ready);
  }
  if (options.dryRun) {
    const { dryRun } = await import('./dry-run.ts');
    return dryRun(context, plans, { json: options.json ?? false });
  }

  const progress = new Progress({
    ...err,
    write: (text) => err.write(text),
    verbose: options.verbose ?? false,
  });
  const results: RunResult[] = [];
  try {
    for (const plan of plans) {
      if (interrupt.signal.aborted) break;
      const { result, machines } = await context.runPlan(plan, {
        signal: interrupt.signal,
        outDir: resolve(cwd, options.output ?? 'runs'),
        emit: fanOut(options.quiet ? [] : [progress]),
        repeat: options.repeat,
        refresh: options.refresh ?? false,
        ...(realHost ? { realHost } : {}),
        ...(options.keep ? { beforeTeardown: holdMachines((text) => err.write(text)) } : {}),
      });
      results.push(result);
      await keepReports(context, result, machines);
      const { style } = out;
      out.write(
        options.json ? jsonReport(result) : textReport(result, { style, verbose: options.verbose ?? false }),
      );
      if (env.GITHUB_ACTIONS === 'true') err.write(githubAnnotations(result));
    }
  } finally {
    // What earlier labs found is kept, though a later one cannot run.
    if (options.junit !== undefined) await writeReport(resolve(cwd, options.junit), junitReport(results));
  }
  return options.bisect ? bisectExitCode(results) : exitCodeOf(results);
}

/** What is in every run folder, whatever the flags. */
async function keepReports(
  { argv, cwd }: CommandContext,
  result: RunResult,
  machines: readonly ReplayMachine[],
): Promise<void> {
  const { folder } = result;
  await writeReport(join(folder, 'result.json'), jsonReport(result));
  await writeReport(join(folder, 'junit.xml'), junitReport([result]));
  const command = [join(import.meta.dirname, '../../bin/vflab'), ...argv];
  await writeReport(join(folder, 'replay'), replayScript({ command, cwd, machines }), 0o755);
}

/** @throws EnvironmentError OUTPUT_FAILED */
async function writeReport(path: string, text: string, mode = 0o644): Promise<void> {
  try {
    await writeFile(path, text, { mode });
  } catch (error) {
    throw new EnvironmentError(`${path} cannot be written: ${(error as Error).message}`, {
      code: 'OUTPUT_FAILED',
      next: 'give a place that can be written, by --output or --junit',
      cause: error,
    });
  }
}
