/** What becomes of output that cannot be written: a reader that went away is no error, a full disk is one. */
import { EnvironmentError, exitCodes } from '../errors.ts';
import { styleFor } from '../report/colour.ts';
import { knownErrorText } from '../report/known-error.ts';

/**
 * A run goes on and keeps its result in the run folder, whoever still listens. What was asked for on stdout and is not
 * there must not end as a verdict: 1 would be one.
 * @returns asked at the end: the exit code if stdout was lost
 */
export function watchOutput(bisect: boolean): () => number | undefined {
  let lost: number | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost !== undefined) return;
    lost = bisect ? exitCodes.bisectAbort : exitCodes.labBroke;
    // The last write may fail when all else is done.
    process.exitCode = lost;
    const known = new EnvironmentError(`stdout cannot be written: ${error.message}`, {
      code: 'OUTPUT_FAILED',
      next: 'make room where it goes, or send it elsewhere',
    });
    process.stderr.write(knownErrorText(known, styleFor(false)));
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
  return () => lost;
}
