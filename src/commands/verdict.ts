/** `vflab verdict RUN_FOLDER`: judge the stored evidence of a run again, offline. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { VariantPlan } from '../lab/plan.ts';
import { jsonReport } from '../report/json.ts';
import { exitCodeOf } from '../report/outcome.ts';
import type { RunResult, VariantResult } from '../report/result.ts';
import { textReport } from '../report/text.ts';
import { judgeVariant } from '../run/judge-variant.ts';
import type { CommandContext } from './context.ts';

/** @returns the exit code that the run itself would end with. */
export async function verdict(
  { cwd, out, err }: CommandContext,
  folder: string,
  options: { json?: boolean; verbose?: boolean },
): Promise<number> {
  const runFolder = resolve(cwd, folder);
  const stored = await readStored(runFolder, folder);
  const result: RunResult = { ...stored, folder, variants: [] };
  for (const before of stored.variants) {
    // The folder may have been moved or copied since.
    const variantFolder = join(runFolder, basename(before.folder));
    const plan = await readJson<VariantPlan>(join(variantFolder, 'plan.json'), folder);
    const { durationMs, phases, error } = before;
    const run = { durationMs, phases, command: [], ...(error ? { error } : {}) };
    const now = judgeVariant(plan, before.repetition, variantFolder, run);
    result.variants.push(now);
    if (now.verdict !== before.verdict) err.write(changed(before, now));
  }
  const { style } = out;
  out.write(
    options.json ? jsonReport(result) : textReport(result, { style, verbose: options.verbose ?? false }),
  );
  return exitCodeOf([result]);
}

function changed(before: VariantResult, now: VariantResult): string {
  return `${before.id}: was ${before.verdict} when it ran, and is ${now.verdict} now: the rules or the evidence have changed\n`;
}

/** @throws UsageError NOT_A_RUN */
async function readStored(runFolder: string, shown: string): Promise<RunResult> {
  const stored = await readJson<RunResult>(join(runFolder, 'result.json'), shown);
  if (stored.schemaVersion === 1 && Array.isArray(stored.variants)) return stored;
  throw new UsageError(`${shown} was written by another version of vflab (schema ${stored.schemaVersion})`, {
    code: 'NOT_A_RUN',
  });
}

async function readJson<T>(path: string, shown: string): Promise<T> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? `it has no ${basename(path)}` : `${basename(path)}: ${(error as Error).message}`;
    throw new UsageError(`${shown} is not the folder of a finished run: ${why}`, {
      code: 'NOT_A_RUN',
      next: 'give the folder that a run named as its evidence, e.g. runs/latest',
    });
  }
}
