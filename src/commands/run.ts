/** `vflab run LAB…`: run labs and tell what was found. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exitCodes } from '../errors.ts';
import { fanOut } from '../report/events.ts';
import { githubAnnotations } from '../report/github.ts';
import { jsonReport } from '../report/json.ts';
import { junitReport } from '../report/junit.ts';
import { bisectExitCode, exitCodeOf } from '../report/outcome.ts';
import { Progress } from '../report/progress.ts';
import type { RunResult } from '../report/result.ts';
import { textReport } from '../report/text.ts';
import type { CommandContext } from './context.ts';
import { dryRun } from './dry-run.ts';
import { onInterrupt } from './interrupt.ts';
import { findLab, loadLabs } from './labs.ts';
import { makeRunFolder } from './run-folder.ts';
import { plansFor, type SelectOptions } from './select.ts';

export interface RunCommandOptions extends SelectOptions {
  dryRun?: boolean;
  json?: boolean;
  output?: string;
  repeat: number;
  bisect?: boolean;
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
  const { cwd, out, err, env } = context;
  const labs = await loadLabs(cwd, await Promise.all(names.map((name) => findLab(cwd, name))));
  const plans = await plansFor(cwd, labs, options);
  if (plans.every((plan) => plan.variants.length === 0)) {
    err.write('Nothing to run: the lab excludes every cell that was chosen.\n');
    return options.bisect ? exitCodes.bisectAbort : exitCodes.nothingRan;
  }
  if (options.dryRun) return dryRun(context, plans, { json: options.json ?? false });

  using interrupt = onInterrupt((text) => err.write(text));
  const progress = new Progress({
    ...err,
    write: (text) => err.write(text),
    verbose: options.verbose ?? false,
  });
  const results: RunResult[] = [];
  for (const [i, plan] of plans.entries()) {
    if (interrupt.signal.aborted) break;
    const below =
      options.output !== undefined && plans.length > 1 ? join(options.output, plan.lab) : options.output;
    const outDir = await makeRunFolder(cwd, plan.lab, below);
    const result = await context.runPlan(plan, {
      signal: interrupt.signal,
      outDir,
      emit: fanOut(options.quiet ? [] : [progress]),
      repeat: options.repeat,
      keep: options.keep ?? false,
      labText: labs[i]!.text,
      command: ['vflab', ...context.argv],
      cwd,
    });
    results.push(result);
    await writeFile(join(outDir, 'result.json'), jsonReport(result));
    await writeFile(join(outDir, 'junit.xml'), junitReport([result]));
    out.write(
      options.json
        ? jsonReport(result)
        : textReport(result, { style: out.style, verbose: options.verbose ?? false }),
    );
    if (env.GITHUB_ACTIONS === 'true') err.write(githubAnnotations(result));
  }
  if (options.junit !== undefined) await writeFile(resolve(cwd, options.junit), junitReport(results));
  return options.bisect ? bisectExitCode(results) : exitCodeOf(results);
}
