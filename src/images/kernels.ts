/**
 * Kernels: Debian's stock ones by name, downloaded and unpacked into the cache, never installed on the machine;
 * or a user's own bzImage with its modules.
 */
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError, UsageError } from '../errors.ts';
import { type DebianPackage, debPath } from './apt.ts';
import { readBootHeader } from './bzimage.ts';
import {
  type BuildContext,
  moveIntoPlace,
  readJson,
  withLock,
  withTempDirectory,
  writeJson,
} from './cache.ts';
import { customKernel } from './custom-kernel.ts';
import { exists } from './exists.ts';
import type { Kernel, KernelRef } from './kernel.ts';
import { kernelNames } from './kernel-names.ts';
import { fetchPackages, type PackageSet, pinPackages } from './packages.ts';
import { run } from './run.ts';
import { writeVmlinux } from './vmlinux.ts';

export type { Kernel, KernelRef } from './kernel.ts';

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
    let closure = await pinPackages(context, source.suite, [source.metaPackage]);
    let deb = kernelPackage(closure);
    if (!(await isUnpacked(kernelPlace(context, deb)))) {
      closure = await fetchPackages({ ...context, refresh: false }, closure, isPartOfKernel);
      deb = kernelPackage(closure);
      await unpackKernel(context, deb, closure.packages.filter(isPartOfKernel));
    }
    const kernel = await readKernel(context, name, deb);
    await writeJson(pin, kernel);
    return kernel;
  });
}

/** The kernel that a meta package leads to: linux-image-6.12.117+deb13-amd64. */
function isKernelPackage(each: DebianPackage): boolean {
  return /^linux-image-\d/.test(each.name);
}

/** From 6.19 on Debian's kernel is several packages: image, which is empty, binary, modules, and base with the indexes. */
function isPartOfKernel(each: DebianPackage): boolean {
  return /^linux-(image|binary|modules|base)-\d/.test(each.name);
}

function kernelPackage({ suite, wanted, packages }: PackageSet): DebianPackage {
  const deb = packages.find(isKernelPackage);
  if (deb !== undefined) return deb;
  throw new EnvironmentError(`${wanted.join(' ')} of ${suite} leads to no kernel.`, {
    code: 'KERNEL_NOT_FOUND',
    next: 'Look for newer package lists: run again with --refresh.',
  });
}

function kernelId(deb: DebianPackage): string {
  return `${deb.name}_${deb.version}`.replaceAll(':', '.');
}

function kernelPlace(context: BuildContext, deb: DebianPackage): string {
  return join(context.cache, 'kernels', kernelId(deb));
}

/** `kernel.json`, written when a kernel is unpacked. */
interface KernelFacts {
  release: string;
  banner: string;
  /** File name of what to boot. */
  image: string;
}

async function isUnpacked(place: string): Promise<boolean> {
  const facts = (await readJson(join(place, 'kernel.json'))) as KernelFacts | undefined;
  return facts !== undefined && (await exists(join(place, facts.image)));
}

async function unpackKernel(
  context: BuildContext,
  deb: DebianPackage,
  parts: readonly DebianPackage[],
): Promise<void> {
  const place = kernelPlace(context, deb);
  context.onProgress(`Unpacking ${deb.name} ${deb.version}`);
  await rm(place, { recursive: true, force: true });
  await withTempDirectory(context, async (dir) => {
    const { signal } = context;
    for (const part of parts)
      await run('dpkg-deb', ['-x', debPath(context, part), join(dir, 'deb')], { signal });
    await arrange(context, join(dir, 'deb'), join(dir, 'kernel'));
    await moveIntoPlace(join(dir, 'kernel'), place);
  });
  for (const part of parts) await rm(debPath(context, part), { force: true });
}

async function readKernel(context: BuildContext, name: string, deb: DebianPackage): Promise<Kernel> {
  const place = kernelPlace(context, deb);
  const facts = (await readJson(join(place, 'kernel.json'))) as KernelFacts;
  return {
    name,
    release: facts.release,
    banner: facts.banner,
    packageName: deb.name,
    packageVersion: deb.version,
    image: join(place, facts.image),
    bzImage: join(place, 'vmlinuz'),
    modulesDir: join(place, 'lib', 'modules', facts.release),
    id: kernelId(deb),
  };
}

/** From a package's layout (`boot/` and `lib/modules` or `usr/lib/modules`, or all in the last) to ours. */
async function arrange(context: BuildContext, deb: string, kernel: string): Promise<void> {
  await mkdir(kernel);
  const merged = join(deb, 'usr', 'lib');
  await rename((await exists(join(merged, 'modules'))) ? merged : join(deb, 'lib'), join(kernel, 'lib'));
  if (await exists(join(deb, 'boot'))) {
    for (const file of await readdir(join(deb, 'boot'))) {
      const kind = /^(vmlinuz|config)-/.exec(file)?.[1];
      if (kind !== undefined) await rename(join(deb, 'boot', file), join(kernel, kind));
    }
  } else {
    const [release] = await readdir(join(kernel, 'lib', 'modules'));
    for (const kind of ['vmlinuz', 'config'])
      await rename(join(kernel, 'lib', 'modules', release!, kind), join(kernel, kind));
  }
  const bzImage = await readFile(join(kernel, 'vmlinuz'));
  const header = readBootHeader(bzImage);
  if (header === undefined) throw new Error(`${kernel}/vmlinuz is no bzImage`);
  // depmod looks below lib or below usr/lib, as its distribution has it.
  await symlink('.', join(kernel, 'usr'));
  context.onProgress(`Indexing the modules of ${header.release}`);
  await run('depmod', ['-b', kernel, header.release], { signal: context.signal });
  const image = await writeVmlinux(bzImage, header, join(kernel, 'vmlinux'));
  const facts = { release: header.release, banner: header.banner, image: image ? 'vmlinux' : 'vmlinuz' };
  await writeFile(join(kernel, 'kernel.json'), JSON.stringify(facts));
}
