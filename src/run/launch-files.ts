/** What a variant's machines boot from: a plan's symbolic names (`{kernel:6.12}`, `{image:host}`) made real. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BuildContext } from '../images/cache.ts';
import { buildGuestImage, buildHostImage, guestPaths } from '../images/image.ts';
import { type Kernel, resolveKernel } from '../images/kernels.ts';
import type { Plan, VariantPlan } from '../lab/plan.ts';
import type { Accelerator } from '../machine/spec.ts';
import { patchedModule, patchNeedsDebian } from './patched-module.ts';
import { type RaceScript, raceScript } from './race-script.ts';

export interface LaunchFiles {
  host: { kernel: string; initrd: string };
  /** The guest's, as files here: it serves as the accelerator's probe too. */
  guest: { kernel: string; initrd: string };
  /** The same as files of the host. */
  guestInHost: { kernel: string; initrd: string };
  /** The disks' driver, where the lab patches it: a .ko here. */
  diskDriver?: string;
  /** The order that a race is forced in, where it is. */
  race?: RaceScript;
  /** Name → exact version: kernels, images, packages of note. */
  versions: Record<string, string>;
}

/** Packages of the host image whose version a reader of the result wants to know. */
const packagesOfNote = [
  'qemu-system-x86',
  'qemu-system-data',
  'irqbalance',
  'kmod',
  'pciutils',
  'dropbear-bin',
];

export async function launchFiles(
  context: BuildContext,
  plan: Plan,
  variant: VariantPlan,
): Promise<LaunchFiles> {
  const resolve = (name: string): Promise<Kernel> => {
    if (name !== 'custom') return resolveKernel(context, name);
    const { path, modules } = plan.customKernel!;
    return resolveKernel(context, { image: path, modules });
  };
  // First: what is wrong with it is said before anything is built.
  const race = variant.race && (await raceScript(variant.race, plan.file));
  const kernel = await resolve(variant.host.kernel);
  // Without guests it serves as the accelerator's probe all the same.
  const guestKernel = await resolve(variant.guests[0]?.kernel ?? variant.host.kernel);
  const guestImage = await buildGuestImage(context, { kernel: guestKernel });
  const image = await buildHostImage(
    context,
    variant.guests.length > 0 ? { kernel, guestKernel } : { kernel },
  );
  const notable = image.manifest.packages.filter(({ name }) => packagesOfNote.includes(name));
  return {
    host: { kernel: kernel.image, initrd: image.initrd },
    guest: { kernel: guestKernel.image, initrd: guestImage.initrd },
    guestInHost: { ...guestPaths },
    ...(race ? { race } : {}),
    versions: {
      [`kernel ${kernel.name}`]: kernelVersion(kernel),
      [`guest kernel ${guestKernel.name}`]: kernelVersion(guestKernel),
      [`host image for ${kernel.name}`]: image.key,
      ...Object.fromEntries(notable.map(({ name, version }) => [`${name} in the host`, version])),
    },
  };
}

/** For a real host: what its guests boot from, and nothing else. */
export async function guestFiles(
  context: BuildContext,
  _plan: Plan,
  { guests }: VariantPlan,
): Promise<LaunchFiles> {
  const none = { kernel: '', initrd: '' };
  const name = guests[0]?.kernel;
  if (name === undefined) return { host: none, guest: none, guestInHost: none, versions: {} };
  const kernel = await resolveKernel(context, name);
  const image = await buildGuestImage(context, { kernel });
  return {
    host: none,
    // It goes over a network: the compressed one, where there are two.
    guest: { kernel: await compressed(kernel.image), initrd: image.initrd },
    // Known once they have been sent.
    guestInHost: none,
    versions: { [`guest kernel ${kernel.name}`]: kernelVersion(kernel) },
  };
}

async function compressed(image: string): Promise<string> {
  const path = join(dirname(image), 'vmlinuz');
  const found = await stat(path).catch(() => undefined);
  return found ? path : image;
}

/** What has to be built by running a machine: only once the accelerator is known. */
export async function withPatchedDriver(
  context: BuildContext,
  files: LaunchFiles,
  plan: Plan,
  { host, disks }: VariantPlan,
  { accelerator, signal }: { accelerator: Accelerator['kind']; signal: AbortSignal },
): Promise<LaunchFiles> {
  if (!disks?.driver) return files;
  if (host.kernel === 'custom') throw patchNeedsDebian(disks.driver.patch);
  const kernel = await resolveKernel(context, host.kernel);
  const patchFile = join(dirname(plan.file), disks.driver.patch.replaceAll('{kernel}', host.kernel));
  const { name, path } = await patchedModule(context, { kernel, patchFile, accelerator, signal });
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16);
  const what = `${name} for ${kernel.name}, patched by ${basename(patchFile)}`;
  return { ...files, diskDriver: path, versions: { ...files.versions, [what]: `sha256 ${digest}` } };
}

function kernelVersion({ release, packageVersion, banner }: Kernel): string {
  return packageVersion === undefined ? banner : `${release} (Debian ${packageVersion})`;
}
