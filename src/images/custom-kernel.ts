/** A user's own kernel: a bzImage, with the modules that belong to it. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { readBootHeader } from './bzimage.ts';
import { type BuildContext, moveIntoPlace, withTempDirectory } from './cache.ts';
import { exists } from './exists.ts';
import type { Kernel, KernelRef } from './kernel.ts';
import { moduleLists } from './modules.ts';
import { writeVmlinux } from './vmlinux.ts';

/** Throws `EnvironmentError` KERNEL_NOT_FOUND or MODULES_NOT_FOUND. */
export async function customKernel(context: BuildContext, ref: Exclude<KernelRef, string>): Promise<Kernel> {
  const bzImage = await readFile(ref.image).catch((cause: unknown) => {
    throw new EnvironmentError(`Cannot read the kernel ${ref.image}: ${(cause as Error).message}`, {
      code: 'KERNEL_NOT_FOUND',
      next: 'Give the path of a bzImage, e.g. arch/x86/boot/bzImage of a kernel tree.',
      cause,
    });
  });
  const header = readBootHeader(bzImage);
  if (header === undefined) {
    throw new EnvironmentError(`${ref.image} is no bzImage.`, {
      code: 'KERNEL_NOT_FOUND',
      next: 'Give arch/x86/boot/bzImage of a kernel tree, or a /boot/vmlinuz-*.',
    });
  }
  const modulesDir = await findModules(ref, header.release);
  const digest = createHash('sha256').update(bzImage);
  const place = join(context.cache, 'kernels', `custom-${digest.copy().digest('hex').slice(0, 16)}`);
  if (!(await exists(place))) {
    await withTempDirectory(context, async (dir) => {
      const folder = join(dir, 'kernel');
      await mkdir(folder);
      await writeVmlinux(bzImage, header, join(folder, 'vmlinux'));
      await moveIntoPlace(folder, place);
    });
  }
  // A module that is built anew gets a new index, for depmod follows every installation.
  const { mtimeMs } = await stat(join(modulesDir, 'modules.dep'));
  const id = `custom-${digest.update(`${modulesDir} ${mtimeMs}`).digest('hex').slice(0, 16)}`;
  const vmlinux = join(place, 'vmlinux');
  const image = (await exists(vmlinux)) ? vmlinux : resolve(ref.image);
  const { release, banner } = header;
  return { name: 'custom', release, banner, image, bzImage: resolve(ref.image), modulesDir, id };
}

function listMissing(place: string, name: string): EnvironmentError {
  return new EnvironmentError(`${place} has modules, but no ${name}.`, {
    code: 'MODULES_NOT_FOUND',
    next: '`make modules_install` writes it; of a distribution it may be in a package apart (Debian: linux-base-RELEASE).',
  });
}

/** Where the user says; beside the image (the layouts of INSTALL_MOD_PATH and of packages); in the machine. */
async function findModules(ref: Exclude<KernelRef, string>, release: string): Promise<string> {
  const below = (dir: string) => [
    join(dir, 'lib', 'modules', release),
    join(dir, 'usr', 'lib', 'modules', release),
  ];
  const beside = dirname(resolve(ref.image));
  const places =
    ref.modules === undefined
      ? [beside, ...below(beside), ...below(dirname(beside)), join('/lib/modules', release)]
      : [resolve(ref.modules), ...below(resolve(ref.modules))];
  for (const place of places) {
    if (!(await exists(join(place, 'modules.dep')))) continue;
    for (const name of moduleLists) if (!(await exists(join(place, name)))) throw listMissing(place, name);
    return place;
  }
  throw new EnvironmentError(
    `No modules of kernel ${release} found (no modules.dep in ${places.join(', ')}).`,
    {
      code: 'MODULES_NOT_FOUND',
      next: 'Run `make modules_install INSTALL_MOD_PATH=DIR` in the kernel tree, then give --modules DIR.',
    },
  );
}
