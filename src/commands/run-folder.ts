/** The folder that keeps all of a run. */
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EnvironmentError, UsageError } from '../errors.ts';

/**
 * `output`, which must not hold anything yet, or a new `runs/<utc>-<lab>` with `runs/latest` pointing at it.
 * Made by `mkdir` without `recursive`, so that two runs that start at once never share one.
 * @throws UsageError OUTPUT_NOT_EMPTY, EnvironmentError OUTPUT_FAILED
 */
export async function makeRunFolder(cwd: string, lab: string, output: string | undefined): Promise<string> {
  try {
    return output === undefined ? await newFolder(cwd, lab) : await emptyFolder(resolve(cwd, output), output);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new EnvironmentError(`the run folder cannot be made: ${(error as Error).message}`, {
      code: 'OUTPUT_FAILED',
    });
  }
}

async function emptyFolder(folder: string, shown: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length === 0) return folder;
  throw new UsageError(`--output ${shown} is not empty: the evidence of two runs would mix`, {
    code: 'OUTPUT_NOT_EMPTY',
    next: 'name a new folder',
  });
}

async function newFolder(cwd: string, lab: string): Promise<string> {
  const runs = join(cwd, 'runs');
  await mkdir(runs, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let attempt = 1; ; attempt++) {
    const folder = join(runs, `${stamp}Z-${lab}${attempt === 1 ? '' : `-${attempt}`}`);
    try {
      await mkdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && attempt < 100) continue;
      throw error;
    }
    await pointLatest(join(runs, 'latest'), folder);
    return folder;
  }
}

/** A convenience: when two runs race for it, either may win. */
async function pointLatest(link: string, folder: string): Promise<void> {
  try {
    await rm(link, { force: true });
    await symlink(basename(folder), join(dirname(folder), 'latest'));
  } catch {
    // Another run was faster.
  }
}
