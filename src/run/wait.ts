/** Waits for what may fail to come: then the run goes on, and the evidence says what was missing. */
import { isKnownError } from '../errors.ts';

/** @returns undefined when the budget is over. @throws the signal's reason, and whatever `wait` throws. */
export async function waitOrGoOn<T>(
  budgetMs: number,
  signal: AbortSignal,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const deadline = AbortSignal.timeout(budgetMs);
  try {
    return await wait(AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return undefined;
    throw error;
  }
}

/** The same for a question to a machine that may have gone: a lost connection is no answer either. */
export async function askOrGoOn<T>(
  budgetMs: number,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await waitOrGoOn(budgetMs, signal, ask);
  } catch (error) {
    signal.throwIfAborted();
    if (isKnownError(error) && error.code === 'SSH_LOST') return undefined;
    throw error;
  }
}
