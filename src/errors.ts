/**
 * Every error a user can meet. Three kinds, told apart by whose fault it is, each with a stable `code`.
 * An error says what happened, where, and what to do next; anything else that is thrown is a bug of ours
 * and is shown whole, with its stack.
 */

/** Process exit codes. Never change a number: CI jobs and bisect scripts rest on them. */
export const exitCodes = {
  /** Every variant ended as its lab expected. */
  asExpected: 0,
  /** At least one variant did not. */
  notAsExpected: 1,
  /** The command line or a lab file is wrong. */
  usage: 2,
  /** The lab itself broke or the environment is unfit: nothing can be said about the kernel. */
  labBroke: 3,
  /** Nothing ran. */
  nothingRan: 4,
  /** `--bisect` only: this revision cannot be tested (`git bisect` skips it). */
  bisectSkip: 125,
  /** `--bisect` only: stop the bisection (usage or environment). */
  bisectAbort: 128,
  interrupted: 130,
  terminated: 143,
} as const;

interface ErrorDetails {
  /** Stable identifier, e.g. `QEMU_DIED`. Documented in docs/errors.md. */
  code: string;
  /** What the user can do about it, one sentence or command. */
  next?: string;
  /** Last lines of the console or log concerned, oldest first. */
  lastLines?: readonly string[];
  /** Id of the emulator quirk that did it, where one was recognised (src/machine/quirks.ts). */
  quirk?: string;
  cause?: unknown;
}

abstract class VflabError extends Error {
  readonly code: string;
  readonly next: string | undefined;
  readonly lastLines: readonly string[];
  readonly quirk: string | undefined;
  abstract readonly exitCode: number;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.next = details.next;
    this.lastLines = details.lastLines ?? [];
    this.quirk = details.quirk;
  }
}

/** The command line or a lab file is wrong; the message starts with `file:line:col:` where there is a file. */
export class UsageError extends VflabError {
  override readonly name = 'UsageError';
  readonly exitCode = exitCodes.usage;
}

/** This machine lacks something: QEMU missing or too old, no space, a package that cannot be had. */
export class EnvironmentError extends VflabError {
  override readonly name = 'EnvironmentError';
  readonly exitCode = exitCodes.labBroke;
}

/** The lab broke while it ran: QEMU died, a machine panicked unexpectedly, a deadline passed. */
export class LabBrokeError extends VflabError {
  override readonly name = 'LabBrokeError';
  readonly exitCode = exitCodes.labBroke;
}

export type KnownError = UsageError | EnvironmentError | LabBrokeError;

export function isKnownError(error: unknown): error is KnownError {
  return error instanceof VflabError;
}
