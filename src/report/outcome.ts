/** One word for how a variant and a run ended, and the exit code that follows. */
import { exitCodes } from '../errors.ts';
import type { RunResult, VariantResult } from './result.ts';

/** `broke`: nothing can be said about the kernel, for want of an answer or of a lab. */
export type Outcome = 'as-expected' | 'not-as-expected' | 'broke';

export function outcomeOf(variant: VariantResult): Outcome {
  if (variant.error || variant.verdict === 'inconclusive') return 'broke';
  return variant.asExpected ? 'as-expected' : 'not-as-expected';
}

/** A real departure is worth more than a lab that broke beside it. */
export function exitCodeOf(results: readonly RunResult[]): number {
  const stopped = results.find((result) => result.interrupted)?.interrupted;
  if (stopped) return stopped === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
  const outcomes = results.flatMap((result) => result.variants).map(outcomeOf);
  if (outcomes.length === 0) return exitCodes.nothingRan;
  if (outcomes.includes('not-as-expected')) return exitCodes.notAsExpected;
  return outcomes.includes('broke') ? exitCodes.labBroke : exitCodes.asExpected;
}

/**
 * For `git bisect run`: bad (1) when any run shows the failure, good (0) only when every run was clean, else
 * skip (125). What the lab expected does not matter: the question is whether this kernel has the bug.
 */
export function bisectExitCode(results: readonly RunResult[]): number {
  const stopped = results.some((result) => result.interrupted);
  // Git stops at 128 and above; an interrupted run must not be taken for an answer.
  if (stopped) return exitCodes.interrupted;
  const variants = results.flatMap((result) => result.variants);
  if (variants.length === 0) return exitCodes.bisectAbort;
  if (variants.some((variant) => variant.verdict === 'reproduced' && !variant.error))
    return exitCodes.notAsExpected;
  return variants.some((variant) => outcomeOf(variant) === 'broke')
    ? exitCodes.bisectSkip
    : exitCodes.asExpected;
}
