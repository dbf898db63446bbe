/** What a variant's machines boot from: a plan's symbolic names (`{kernel:6.12}`, `{image:host}`) made real. */
import type { BuildContext } from '../images/cache.ts';
import { buildGuestImage, buildHostImage, guestPaths } from '../images/image.ts';
import { type Kernel, resolveKernel } from '../images/kernels.ts';
import type { Plan, VariantPlan } from '../lab/plan.ts';

export interface LaunchFiles {
  host: { kernel: string; initrd: string };
  /** The guest's, as files here: it serves as the accelerator's probe too. */
  guest: { kernel: string; initrd: string };
  /** The same as files of the host. */
  guestInHost: { kernel: string; initrd: string };
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
  const kernel = await resolve(variant.host.kernel);
  // A host without guests gets the same image: one image a kernel is simpler than one a lab.
  const guestKernel = await resolve(variant.guests[0]?.kernel ?? variant.host.kernel);
  const guestImage = await buildGuestImage(context, { kernel: guestKernel });
  const image = await buildHostImage(context, { kernel, guestKernel });
  const notable = image.manifest.packages.filter(({ name }) => packagesOfNote.includes(name));
  return {
    host: { kernel: kernel.image, initrd: image.initrd },
    guest: { kernel: guestKernel.image, initrd: guestImage.initrd },
    guestInHost: { ...guestPaths },
    versions: {
      [`kernel ${kernel.name}`]: kernelVersion(kernel),
      [`guest kernel ${guestKernel.name}`]: kernelVersion(guestKernel),
      [`host image for ${kernel.name}`]: image.key,
      ...Object.fromEntries(notable.map(({ name, version }) => [`${name} in the host`, version])),
    },
  };
}

function kernelVersion({ release, packageVersion, banner }: Kernel): string {
  return packageVersion === undefined ? banner : `${release} (Debian ${packageVersion})`;
}
