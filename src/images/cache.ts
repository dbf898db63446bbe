/**
 * The cache directory: where it is, how two processes share it, and how a build leaves nothing behind.
 *
 *     <cache>/apt/<suite>/           private apt tree: sources, lists, empty dpkg status
 *     <cache>/debs/                  downloaded packages
 *     <cache>/packages/<key>.json    a package list resolved to versions
 *     <cache>/kernels/<name>.json    a kernel name pinned to one of the folders beside it
 *     <cache>/kernels/<id>/          vmlinuz, vmlinux, config, lib/modules/<release>; source/, single files of it
 *     <cache>/images/<key>/          initrd, manifest.json
 *     <cache>/modules/<key>/         a module built with a patch
 *     <cache>/compiled/              vflab's own modules, as Node compiled them (bin/vflab)
 *     <cache>/locks/, <cache>/tmp/
 *
 * Whatever is finished is put in place by one rename, so a reader sees all of it or nothing.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { diskFull, isDiskFull } from './run.ts';

/** What every function of this room that may take long is given. */
export interface BuildContext {
  /** The cache directory. */
  cache: string;
  /** One line for the user: what is being done now. */
  onProgress: (text: string) => void;
  signal?: AbortSignal | undefined;
  /** Look for newer packages and kernels instead of what the cache has pinned. */
  refresh?: boolean;
}

/** `VFLAB_CACHE`, or the XDG cache directory's `vflab`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.VFLAB_CACHE) return env.VFLAB_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vflab');
}

/** @returns the cache directory, made if need be. @throws EnvironmentError CACHE_UNUSABLE, DISK_FULL */
export function usableCache(directory = cacheDirectory()): string {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(error);
    throw new EnvironmentError(`The cache ${directory} cannot be written: ${(error as Error).message}`, {
      code: 'CACHE_UNUSABLE',
      next: 'Set VFLAB_CACHE to a directory that you may write, with 3 GB of room.',
      cause: error,
    });
  }
  return directory;
}

/**
 * Runs `work` while no other process or caller holds the lock `name`. The lock is the kernel's (flock): it is
 * released however its holder dies.
 */
export async function withLock<T>(context: BuildContext, name: string, work: () => Promise<T>): Promise<T> {
  const file = join(context.cache, 'locks', `${name}.lock`);
  await makeDirectory(dirname(file));
  // `cat` ends when we close its stdin or die; with it goes the last holder of the lock.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const gone = once(holder, 'close');
  const waiting = setTimeout(
    () => context.onProgress(`Waiting for another vflab that works on ${name}`),
    1000,
  );
  try {
    const signal = context.signal === undefined ? {} : { signal: context.signal };
    const answer = once(holder.stdout, 'data', signal).then(() => true);
    const locked = await Promise.race([answer, gone.then(() => false)]);
    if (!locked) throw new Error(`Cannot lock ${file}`);
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    // While it still waits for the lock it does not read: the end of stdin would not end it.
    if (context.signal?.aborted === true) holder.kill('SIGKILL');
    await gone;
  }
}

/**
 * Runs `work` with a private folder on the cache's file system, so that a result can be moved into place by one
 * rename. The folder is gone afterwards, also after `kill -9`: its reaper, in a session of its own, waits for
 * our end of a pipe to close. It is started before the folder is made.
 */
export async function withTempDirectory<T>(
  context: BuildContext,
  work: (dir: string) => Promise<T>,
): Promise<T> {
  const base = join(context.cache, 'tmp');
  await makeDirectory(base);
  await sweep(base);
  const dir = join(base, randomBytes(8).toString('hex'));
  // Children that die with us may still write for a moment, so the removal is tried again.
  const script = 'cat >/dev/null; for i in 1 2 3 4 5; do rm -rf -- "$1" 2>/dev/null && exit; sleep 0.2; done';
  const reaper = spawn('sh', ['-c', script, 'sh', dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const gone = once(reaper, 'close');
  try {
    await mkdir(dir);
    return await work(dir);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(error) : error;
  } finally {
    await rm(dir, { recursive: true, force: true });
    reaper.stdin.end();
    await gone;
  }
}

/** Removes what a power failure left: the one end that no reaper survives. */
async function sweep(base: string): Promise<void> {
  const yesterday = Date.now() - 24 * 3600 * 1000;
  for (const entry of await readdir(base)) {
    const path = join(base, entry);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < yesterday) await rm(path, { recursive: true, force: true });
  }
}

/** Moves a finished folder into place. If another process was first, its result stands: the content is the same. */
export async function moveIntoPlace(finished: string, place: string): Promise<void> {
  await makeDirectory(dirname(place));
  try {
    await rename(finished, place);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** Writes a file so that a reader sees the old content or the new one. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await makeDirectory(dirname(file));
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw isDiskFull(error) ? diskFull(error) : error;
  }
}

/** The parsed file, or undefined if it is absent or not JSON (a cache may be damaged; it is then rebuilt). */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

async function makeDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw isDiskFull(error) ? diskFull(error) : error;
  }
}
