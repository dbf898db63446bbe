/**
 * Child processes of this room. Each dies with us, even after `kill -9` (`setpriv --pdeathsig`, util-linux, part
 * of every Debian), and a failure says what the tool said.
 */
import { open } from 'node:fs/promises';
import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';

export interface RunOptions {
  cwd?: string;
  /** Bytes or text for the child's stdin; none: an empty stdin. */
  input?: string | Uint8Array;
  /** Write stdout into this new file, synced to disk, instead of returning it. */
  stdoutFile?: string;
  signal?: AbortSignal | undefined;
}

/** A tool ran and failed. Callers that know what that means turn it into an `EnvironmentError` with `next`. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly stderr: string;

  constructor(message: string, stderr: string, cause: unknown) {
    super(message, { cause });
    this.stderr = stderr;
  }

  /** The last lines that the tool wrote, oldest first. */
  get lastLines(): string[] {
    return this.stderr.trimEnd().split('\n').slice(-8);
  }
}

/** Runs a tool to its end and returns its stdout. Messages are in English whatever the user's locale is. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return (await runForBytes(command, args, options)).toString('utf8');
}

/** As `run`, for a tool whose output is no text. */
export async function runForBytes(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> {
  // The tool writes the file itself, not through us.
  const file = options.stdoutFile === undefined ? undefined : await open(options.stdoutFile, 'wx');
  const result = await execa('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    input: options.input ?? '',
    env: { LC_ALL: 'C.UTF-8' },
    // execa takes any file descriptor; its types know only the first ten.
    stdout: (file?.fd ?? 'pipe') as 'pipe',
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    encoding: 'buffer',
    // A kernel goes through here: some 70 MB.
    maxBuffer: 1024 * 1024 * 1024,
    reject: false,
  });
  // A rename must never outlive the bytes in a power failure.
  if (!result.failed) await file?.sync();
  await file?.close();
  if (!result.failed) return Buffer.from(result.stdout ?? []);
  const stderr = Buffer.from(result.stderr ?? []).toString('utf8');
  if (isDiskFull(result) || isDiskFull(result.cause) || diskFullWords.test(stderr)) {
    throw diskFull(result.cause ?? result);
  }
  options.signal?.throwIfAborted();
  // execa's message names setpriv, which is no concern of the reader.
  const how =
    result.exitCode === undefined
      ? (result.signal ?? result.code ?? 'not started')
      : `exit ${result.exitCode}`;
  throw new CommandFailed(`${command} failed (${how})`, stderr, result.cause);
}

const diskFullWords = /No space left on device|Disk quota exceeded|File too large|File size limit exceeded/;

/** True for what Node or a child reports when a file system is full or a file may not grow. */
export function isDiskFull(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, signal } = error as { code?: unknown; signal?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || signal === 'SIGXFSZ';
}

export function diskFull(cause: unknown): EnvironmentError {
  return new EnvironmentError('No space left for the image cache; nothing half-built was kept.', {
    code: 'DISK_FULL',
    next: 'Free about 2 GB, or point VFLAB_CACHE at a directory on a larger disk.',
    cause,
  });
}
