/**
 * Kernels: Debian's stock ones by name, downloaded and unpacked into the cache, never installed on the machine;
 * or a user's own bzImage with its modules.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError, UsageError } from '../errors.ts';
import { type DebianPackage, debPath } from './apt.ts';
import { extractVmlinux, readBootHeader } from './bzimage.ts';
import {
  type BuildContext,
  moveIntoPlace,
  readJson,
  withLock,
  withTempDirectory,
  writeJson,
} from './cache.ts';
import { kernelNames } from './kernel-names.ts';
import { fetchPackages, pinPackages } from './packages.ts';
import { CommandFailed, run } from './run.ts';

export interface Kernel {
  /** As the lab named it: `6.12`; `custom` for a user's own. */
  name: string;
  /** What `uname -r` prints. */
  release: string;
  /** The banner in the boot header, with builder, date and Debian version. */
  banner: string;
  packageName?: string;
  packageVersion?: string;
  /** What QEMU's `-kernel` is given: the uncompressed kernel where that can be booted, else the bzImage. */
  image: string;
  bzImage: string;
  /** `…/lib/modules/<release>`, with `modules.dep`. */
  modulesDir: string;
  /** Same id, same bytes: for cache keys. */
  id: string;
}

/** A lab's kernel name, or a user's own bzImage (`modules`: `…/lib/modules/<release>` or the folder above `lib`). */
export type KernelRef = string | { image: string; modules?: string | undefined };

/** Throws `UsageError` UNKNOWN_KERNEL; `EnvironmentError` KERNEL_NOT_FOUND, MODULES_NOT_FOUND and apt's. */
export async function resolveKernel(context: BuildContext, ref: KernelRef): Promise<Kernel> {
  return typeof ref === 'string' ? debianKernel(context, ref) : customKernel(context, ref);
}

async function debianKernel(context: BuildContext, name: string): Promise<Kernel> {
  const source = kernelNames[name];
  if (source === undefined) {
    throw new UsageError(`Unknown kernel ${name}.`, {
      code: 'UNKNOWN_KERNEL',
      next: `Known kernels: ${Object.keys(kernelNames).join(', ')}; or give your own with --kernel PATH.`,
    });
  }
  const pin = join(context.cache, 'kernels', `${name}.json`);
  const pinned = (await readJson(pin)) as Kernel | undefined;
  if (pinned !== undefined && context.refresh !== true && (await exists(pinned.image))) return pinned;

  return withLock(context, `kernel-${name}`, async () => {
    const isKernel = (each: DebianPackage) => /^linux-image-\d/.test(each.name);
    const closure = await pinPackages(context, source.suite, [source.metaPackage]);
    const fetched = await fetchPackages({ ...context, refresh: false }, closure, isKernel);
    const deb = fetched.packages.find(isKernel);
    if (deb === undefined) {
      throw new EnvironmentError(`${source.metaPackage} of ${source.suite} leads to no kernel.`, {
        code: 'KERNEL_NOT_FOUND',
        next: 'Run again with --refresh.',
      });
    }
    const kernel = await unpackKernel(context, name, deb);
    await writeJson(pin, kernel);
    return kernel;
  });
}

async function unpackKernel(context: BuildContext, name: string, deb: DebianPackage): Promise<Kernel> {
  const id = `${deb.name}_${deb.version}`.replaceAll(':', '.');
  const place = join(context.cache, 'kernels', id);
  if (!(await exists(join(place, 'kernel.json')))) {
    context.onProgress(`Unpacking ${deb.name} ${deb.version}`);
    await withTempDirectory(context, async (dir) => {
      await run('dpkg-deb', ['-x', debPath(context, deb), join(dir, 'deb')], { signal: context.signal });
      await arrange(context, join(dir, 'deb'), join(dir, 'kernel'));
      await moveIntoPlace(join(dir, 'kernel'), place);
    });
  }
  await rm(debPath(context, deb), { force: true });
  const facts = (await readJson(join(place, 'kernel.json'))) as {
    release: string;
    banner: string;
    image: string;
  };
  return {
    name,
    release: facts.release,
    banner: facts.banner,
    packageName: deb.name,
    packageVersion: deb.version,
    image: join(place, facts.image),
    bzImage: join(place, 'vmlinuz'),
    modulesDir: join(place, 'lib', 'modules', facts.release),
    id,
  };
}

/** From a package's layout (`boot/`, `lib/modules` or `usr/lib/modules`) to ours. */
async function arrange(context: BuildContext, deb: string, kernel: string): Promise<void> {
  await mkdir(kernel);
  for (const file of await readdir(join(deb, 'boot'))) {
    const kind = /^(vmlinuz|config)-/.exec(file)?.[1];
    if (kind !== undefined) await rename(join(deb, 'boot', file), join(kernel, kind));
  }
  const bzImage = await readFile(join(kernel, 'vmlinuz'));
  const header = readBootHeader(bzImage);
  if (header === undefined) throw new Error(`${kernel}/vmlinuz is no bzImage`);
  const merged = join(deb, 'usr', 'lib');
  await rename((await exists(join(merged, 'modules'))) ? merged : join(deb, 'lib'), join(kernel, 'lib'));
  // depmod looks below lib or below usr/lib, as its distribution has it.
  await symlink('.', join(kernel, 'usr'));
  context.onProgress(`Indexing the modules of ${header.release}`);
  await run('depmod', ['-b', kernel, header.release], { signal: context.signal });
  const image = await writeVmlinux(bzImage, header, join(kernel, 'vmlinux'));
  const facts = { release: header.release, banner: header.banner, image: image ? 'vmlinux' : 'vmlinuz' };
  await writeFile(join(kernel, 'kernel.json'), JSON.stringify(facts));
}

async function writeVmlinux(
  bzImage: Buffer,
  header: NonNullable<ReturnType<typeof readBootHeader>>,
  file: string,
): Promise<boolean> {
  const vmlinux = header.payload === undefined ? undefined : await extractVmlinux(bzImage, header.payload);
  if (vmlinux === undefined) return false;
  await writeFile(file, vmlinux);
  return true;
}

async function customKernel(context: BuildContext, ref: Exclude<KernelRef, string>): Promise<Kernel> {
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
  const id = `custom-${createHash('sha256').update(bzImage).digest('hex').slice(0, 16)}`;
  const place = join(context.cache, 'kernels', id);
  if (!(await exists(place))) {
    await withTempDirectory(context, async (dir) => {
      const folder = join(dir, 'kernel');
      await mkdir(folder);
      await writeVmlinux(bzImage, header, join(folder, 'vmlinux'));
      await moveIntoPlace(folder, place);
    });
  }
  const vmlinux = join(place, 'vmlinux');
  const image = (await exists(vmlinux)) ? vmlinux : resolve(ref.image);
  const { release, banner } = header;
  return { name: 'custom', release, banner, image, bzImage: resolve(ref.image), modulesDir, id };
}

/** Where the user says; beside the image (the layouts of INSTALL_MOD_PATH and of a package); in the machine. */
async function findModules(ref: Exclude<KernelRef, string>, release: string): Promise<string> {
  const below = (dir: string) => [
    join(dir, 'lib', 'modules', release),
    join(dir, 'usr', 'lib', 'modules', release),
  ];
  const beside = dirname(resolve(ref.image));
  const places =
    ref.modules === undefined
      ? [...below(beside), ...below(dirname(beside)), join('/lib/modules', release)]
      : [resolve(ref.modules), ...below(resolve(ref.modules))];
  for (const place of places) if (await exists(join(place, 'modules.dep'))) return place;
  throw new EnvironmentError(
    `No modules of kernel ${release} found (no modules.dep in ${places.join(', ')}).`,
    {
      code: 'MODULES_NOT_FOUND',
      next: 'Run `make modules_install INSTALL_MOD_PATH=DIR` in the kernel tree, then give --modules DIR.',
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
