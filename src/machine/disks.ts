/** Disks without a name: nothing to remove afterwards, whoever dies first. */
import { close, constants, ftruncate, open } from 'node:fs';
import { mkdtemp, rmdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError } from '../errors.ts';

const openFd = promisify(open);
const truncateFd = promisify(ftruncate);
const closeFd = promisify(close);

/** Linux's O_TMPFILE, which includes O_DIRECTORY (asm-generic/fcntl.h, the same on x86 and arm64); Node lacks it. */
const tmpfile = 0o20000000 | constants.O_DIRECTORY;

/** An open sparse file that has no name. Its space is freed when the last descriptor is closed. */
export interface Disk extends AsyncDisposable {
  fd: number;
  sizeMiB: number;
}

/**
 * @param folder where its blocks live, e.g. a temporary folder with room for what the machine writes.
 * @throws {EnvironmentError} `NO_SCRATCH` if no file can be made there.
 */
export async function createDisk(sizeMiB: number, folder = tmpdir()): Promise<Disk> {
  let fd: number;
  try {
    fd = await openNameless(folder);
  } catch (cause) {
    throw new EnvironmentError(
      `cannot make a disk of ${sizeMiB} MiB in ${folder}: ${(cause as Error).message}`,
      {
        code: 'NO_SCRATCH',
        next: 'Set TMPDIR to a writable folder with enough room.',
        cause,
      },
    );
  }
  try {
    await truncateFd(fd, sizeMiB * 2 ** 20);
  } catch (cause) {
    await closeFd(fd);
    throw new EnvironmentError(
      `cannot size a disk to ${sizeMiB} MiB in ${folder}: ${(cause as Error).message}`,
      {
        code: 'NO_SCRATCH',
        next: 'Set TMPDIR to a file system that takes files of that size.',
        cause,
      },
    );
  }
  let open = true;
  return {
    fd,
    sizeMiB,
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      await closeFd(fd);
    },
  };
}

/** O_TMPFILE leaves no moment at which a name exists; some file systems (older overlayfs) lack it. */
export async function openNameless(folder: string): Promise<number> {
  try {
    return await openFd(folder, constants.O_RDWR | tmpfile, 0o600);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EOPNOTSUPP', 'EISDIR', 'EINVAL'].includes(code)) throw error;
  }
  const made = await mkdtemp(join(folder, 'vflab-disk-'));
  const path = join(made, 'disk');
  try {
    return await openFd(path, 'wx+', 0o600);
  } finally {
    await unlink(path).catch(() => {});
    await rmdir(made);
  }
}
