/** Jobs beside each other that succeed or end together. */

/** Runs all; the first that fails ends the others, and is what is thrown once all have ended. */
export async function together(
  signal: AbortSignal,
  jobs: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  await Promise.allSettled(
    jobs.map((job) =>
      job(either).catch((error: unknown) => {
        failed.abort(error);
      }),
    ),
  );
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}
