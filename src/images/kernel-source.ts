/** Single files of the source that a Debian kernel was built from. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { debPath } from './apt.ts';
import { type BuildContext, moveIntoPlace, withLock, withTempDirectory } from './cache.ts';
import { exists } from './exists.ts';
import type { Kernel } from './kernel.ts';
import { fetchPackages, pinPackages } from './packages.ts';
import { CommandFailed, run } from './run.ts';

/**
 * A file of the kernel's source as Debian built it, with Debian's patches: `drivers/block/virtio_blk.c`.
 * @returns its path in the cache
 * @throws `EnvironmentError` KERNEL_SOURCE_NOT_FOUND, and apt's
 */
export async function kernelSource(
  context: BuildContext,
  { kernel, suite }: { kernel: Kernel; suite: string },
  path: string,
): Promise<string> {
  const series = /^\d+\.\d+/.exec(kernel.release)?.[0];
  const place = join(context.cache, 'kernels', kernel.id, 'source', path);
  if (await exists(place)) return place;
  return await withLock(context, `source-${kernel.id}`, async () => {
    if (await exists(place)) return place;
    const name = `linux-source-${series}`;
    const set = await pinPackages(context, suite, [`${name}=${kernel.packageVersion}`]);
    const fetched = await fetchPackages(context, set, (each) => each.name === name);
    const deb = fetched.packages.find((each) => each.name === name);
    if (!deb || deb.version !== kernel.packageVersion) throw notFound(kernel, path);
    context.onProgress(`Unpacking ${path} of ${name}`);
    await withTempDirectory(context, async (dir) => {
      const file = join(dir, 'file');
      try {
        await run('sh', ['-c', unpack, 'sh', debPath(context, deb), name, path], {
          stdoutFile: file,
          signal: context.signal,
        });
      } catch (error) {
        throw error instanceof CommandFailed ? notFound(kernel, path, error) : error;
      }
      await mkdir(dirname(place), { recursive: true });
      await moveIntoPlace(file, place);
    });
    await rm(debPath(context, deb), { force: true });
    return place;
  });
}

/** A package that holds one archive: both are read as streams, for unpacked they are a gigabyte. */
const unpack = `set -e
dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2.tar.xz" | xz -dc -T0 | tar -xO --occurrence=1 "$2/$3"`;

function notFound(kernel: Kernel, path: string, error?: CommandFailed): EnvironmentError {
  return new EnvironmentError(`The source of kernel ${kernel.release} has no ${path}.`, {
    code: 'KERNEL_SOURCE_NOT_FOUND',
    next: 'Check the path; if it is right, the archive dropped this version: run again with --refresh.',
    ...(error ? { lastLines: error.lastLines, cause: error } : {}),
  });
}
