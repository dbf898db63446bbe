/** `vflab compare BEFORE AFTER`: which variants of a lab end otherwise in the second run. Boots nothing. */
import { exitCodes, UsageError } from '../errors.ts';
import { type Comparison, compareRuns } from '../report/compare.ts';
import { compareText } from '../report/compare-text.ts';
import type { RunResult } from '../report/result.ts';
import type { CommandContext } from './context.ts';
import { storedResult } from './stored-result.ts';

/**
 * @returns 0 when nothing differs, 1 when something does, 3 when it cannot be told, 4 without a variant in common
 * @throws UsageError NOT_A_RUN, NOT_COMPARABLE
 */
export async function compare(
  { cwd, out }: CommandContext,
  folders: readonly [string, string],
  options: { json?: boolean },
): Promise<number> {
  const [before, after] = [await storedResult(cwd, folders[0]), await storedResult(cwd, folders[1])].map(
    ({ result }) => result,
  ) as [RunResult, RunResult];
  if (before.lab !== after.lab)
    throw new UsageError(`${folders[0]} is a run of ${before.lab}, ${folders[1]} one of ${after.lab}`, {
      code: 'NOT_COMPARABLE',
      next: 'give two runs of one lab',
    });
  const comparison = compareRuns(before, after);
  if (!comparison)
    throw new UsageError('a run of several kernels has no one partner in a run of others', {
      code: 'NOT_COMPARABLE',
      next: 'compare runs of one kernel each: `vflab run LAB --kernel 6.12`',
    });
  out.write(
    options.json
      ? `${JSON.stringify({ before: folders[0], after: folders[1], ...comparison }, null, 2)}\n`
      : compareText(comparison, folders, out.style),
  );
  return exitCode(comparison);
}

function exitCode({ variants }: Comparison): number {
  const inBoth = variants.filter(({ answer }) => answer !== 'only-one').map(({ answer }) => answer);
  if (inBoth.length === 0) return exitCodes.nothingRan;
  if (inBoth.includes('differs')) return exitCodes.notAsExpected;
  return inBoth.includes('no-answer') ? exitCodes.labBroke : exitCodes.asExpected;
}
