/** `vflab verdict RUN_FOLDER`: judge the stored evidence of a run again, offline. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { VariantPlan } from '../lab/plan.ts';
import { jsonReport } from '../report/json.ts';
import { exitCodeOf } from '../report/outcome.ts';
import type { RunResult, VariantResult } from '../report/result.ts';
import { textReport } from '../report/text.ts';
import { judgeVariant } from '../run/judge-variant.ts';
import type { CommandContext } from './context.ts';

/** @returns the exit code that the run itself would end with. @throws UsageError NOT_A_RUN */
export async function verdict(
  { cwd, out, err }: CommandContext,
  folder: string,
  options: { json?: boolean; verbose?: boolean },
): Promise<number> {
  const runFolder = resolve(cwd, basename(folder) === 'result.json' ? dirname(folder) : folder);
  if (existsSync(join(runFolder, 'plan.json')))
    throw new UsageError(`${folder} is the folder of one variant, not of a run`, {
      code: 'NOT_A_RUN',
      next: `\`vflab verdict ${dirname(folder)}\``,
    });
  const stored = await readStored(runFolder, folder);
  if (!stored.finished)
    err.write(`${folder}: no result: cut off, or still running; what it has recorded is judged\n`);
  const result: RunResult = { ...stored.result, folder, variants: [] };
  for (const before of stored.variants) {
    const shown = join(folder, basename(before.folder));
    const plan = await readJson<VariantPlan>(
      join(before.folder, 'plan.json'),
      shown,
      "is no variant's folder",
    );
    const { durationMs, phases, error } = before;
    const run = { durationMs, phases, machines: [], ...(error ? { error } : {}) };
    const now = judgeVariant(plan, before.repetition, before.folder, run);
    result.variants.push(now);
    if (before.verdict && now.verdict !== before.verdict)
      err.write(
        `${now.id}: was ${before.verdict} when it ran, and is ${now.verdict} now: the rules or the evidence have changed\n`,
      );
  }
  const { style } = out;
  out.write(
    options.json ? jsonReport(result) : textReport(result, { style, verbose: options.verbose ?? false }),
  );
  return exitCodeOf([result]);
}

/** What is known of a stored variant besides its evidence; of a run that was cut off, next to nothing. */
type StoredVariant = Pick<VariantResult, 'repetition' | 'durationMs' | 'phases' | 'folder' | 'error'> &
  Partial<Pick<VariantResult, 'verdict'>>;

interface StoredRun {
  /** False: the harness was killed before it could write its result. */
  finished: boolean;
  result: RunResult;
  variants: StoredVariant[];
}

/** @throws UsageError NOT_A_RUN */
async function readStored(runFolder: string, shown: string): Promise<StoredRun> {
  const finished = existsSync(join(runFolder, 'result.json'));
  const result = await readJson<RunResult>(join(runFolder, finished ? 'result.json' : 'run.json'), shown);
  if (result.schemaVersion !== 1 || !Array.isArray(result.variants))
    throw new UsageError(
      `${shown} was written by another version of vflab (schema ${result.schemaVersion})`,
      {
        code: 'NOT_A_RUN',
        next: 'judge it by the vflab that wrote it: `versions.vflab` in its result.json',
      },
    );
  // The folder may have been moved or copied since: only the names in it count.
  const variants = finished
    ? result.variants.map((variant) => ({ ...variant, folder: join(runFolder, basename(variant.folder)) }))
    : await foldersWithPlan(runFolder);
  return { finished, result, variants };
}

async function foldersWithPlan(runFolder: string): Promise<StoredVariant[]> {
  const names = (await readdir(runFolder)).filter((name) => existsSync(join(runFolder, name, 'plan.json')));
  return names.sort().map((name) => {
    const repetition = Number(/^.*[a-z].*\.(\d+)$/.exec(name)?.[1] ?? 1);
    return { repetition, durationMs: 0, phases: [], folder: join(runFolder, name) };
  });
}

async function readJson<T>(path: string, shown: string, wrong = 'is not a run folder'): Promise<T> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? `it has no ${basename(path)}` : `${basename(path)}: ${(error as Error).message}`;
    throw new UsageError(`${shown} ${wrong}: ${why}`, {
      code: 'NOT_A_RUN',
      next: 'give the folder that a run named as its evidence, e.g. runs/latest',
    });
  }
}
