/**
 * Images: an initramfs each, content-addressed. An initramfs needs no disk, no interrupt and no driver, all of
 * which labs break.
 */
import { createHash } from 'node:crypto';
import { copyFile, lutimes, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../errors.ts';
import { type BuildContext, moveIntoPlace, readJson, withLock, withTempDirectory } from './cache.ts';
import type { Kernel } from './kernel.ts';
import { fetchPackages, pinPackages } from './packages.ts';
import { loadRecipe, type Recipe, recipeSource } from './recipe.ts';
import { CommandFailed, run } from './run.ts';
import { listTree, makeTree } from './tree.ts';

/** Part of every key: raise it when the same recipe would give another image. */
const builderVersion = 1;

export interface ImageManifest {
  recipe: string;
  kernelRelease: string;
  kernelId: string;
  packages: { name: string; version: string }[];
  /** The guest inside a host image. */
  guest?: { key: string; kernelRelease: string; kernelId: string };
  initrdBytes: number;
}

export interface Image {
  key: string;
  /** Path of the initramfs, for QEMU's `-initrd`. */
  initrd: string;
  manifest: ImageManifest;
}

/** Where a host image keeps what it boots its guests with. */
export const guestPaths = { kernel: '/vflab/guest/vmlinuz', initrd: '/vflab/guest/initrd' } as const;

const recipesDir = fileURLToPath(new URL('../../images/', import.meta.url));

/**
 * Without a guest's kernel it is the image of a host that has no guests. Throws `EnvironmentError` PACKAGE_NOT_FOUND,
 * APT_FAILED, DISK_FULL, IMAGE_BUILD_FAILED; `UsageError` for recipes.
 */
export async function buildHostImage(
  context: BuildContext,
  { kernel, guestKernel }: { kernel: Kernel; guestKernel?: Kernel },
): Promise<Image> {
  const guest = guestKernel && {
    kernel: guestKernel,
    image: await buildGuestImage(context, { kernel: guestKernel }),
  };
  return buildImage(context, join(recipesDir, 'host.yaml'), kernel, guest);
}

export async function buildGuestImage(context: BuildContext, { kernel }: { kernel: Kernel }): Promise<Image> {
  return buildImage(context, join(recipesDir, 'guest.yaml'), kernel);
}

interface Guest {
  kernel: Kernel;
  image: Image;
}

/** The image of a machine that builds modules for `kernel`, in the suite that the kernel is of. */
export async function buildBuilderImage(
  context: BuildContext,
  { kernel, suite }: { kernel: Kernel; suite: string },
): Promise<Image> {
  const file = join(recipesDir, 'build.yaml');
  const recipe = await loadRecipe(file);
  const packages = [...recipe.packages, `linux-headers-${kernel.release}`];
  const omit = [...recipe.omit, `linux-image-${kernel.release}`];
  return buildFromRecipe(context, file, { ...recipe, suite, packages, omit }, kernel);
}

/** Any recipe; those above are what labs use. */
export async function buildImage(
  context: BuildContext,
  recipeFile: string,
  kernel: Kernel,
  guest?: Guest,
): Promise<Image> {
  return buildFromRecipe(context, recipeFile, await loadRecipe(recipeFile), kernel, guest);
}

async function buildFromRecipe(
  context: BuildContext,
  recipeFile: string,
  recipe: Recipe,
  kernel: Kernel,
  guest?: Guest,
): Promise<Image> {
  const name = recipeFile.replace(/^.*\//, '').replace(/\.yaml$/, '');
  const packages = guest ? [...recipe.packages, ...recipe.forGuests] : recipe.packages;
  const pinned = await pinPackages(context, recipe.suite, packages);
  const inputs = await digestInputs(recipe, kernel, guest);
  const key = (packages: typeof pinned) =>
    `${name}-${createHash('sha256')
      .update(JSON.stringify([inputs, packages.packages]))
      .digest('hex')
      .slice(0, 20)}`;
  const ready = await findImage(context, key(pinned));
  if (ready !== undefined) return ready;

  return withLock(context, key(pinned), async () => {
    // Another process may have built it while this one waited.
    const built = await findImage(context, key(pinned));
    if (built !== undefined) return built;
    context.onProgress(`Building the ${name} image for kernel ${kernel.release}`);
    const wanted = ({ name: each }: { name: string }) => !recipe.omit.includes(each);
    const set = await fetchPackages({ ...context, refresh: false }, pinned, wanted);
    const place = imagePlace(context, key(set));
    const renewed = await findImage(context, key(set));
    if (renewed !== undefined) return renewed;
    // What may lie there is damaged.
    await rm(place, { recursive: true, force: true });
    const chosen = set.packages.filter(wanted);
    const manifest = {
      recipe: name,
      kernelRelease: kernel.release,
      kernelId: kernel.id,
      packages: chosen.map((each) => ({ name: each.name, version: each.version })),
      ...(guest === undefined
        ? {}
        : {
            guest: { key: guest.image.key, kernelRelease: guest.kernel.release, kernelId: guest.kernel.id },
          }),
    };
    await withTempDirectory(context, async (dir) => {
      const root = join(dir, 'root');
      try {
        await makeTree(context, recipe, chosen, kernel, root);
        if (guest !== undefined) await addGuest(root, guest);
        await packTree(context, root, dir);
      } catch (error) {
        throw error instanceof CommandFailed ? buildFailed(name, error) : error;
      }
      const image = join(dir, 'image');
      const initrdBytes = (await stat(join(image, 'initrd'))).size;
      await writeFile(join(image, 'manifest.json'), JSON.stringify({ ...manifest, initrdBytes }, null, 2));
      await moveIntoPlace(image, place);
    });
    await removeUnused(context);
    const image = await findImage(context, key(set));
    if (image === undefined) throw new Error(`image ${key(set)} is not where it was put`);
    return image;
  });
}

function imagePlace(context: BuildContext, key: string): string {
  return join(context.cache, 'images', key);
}

/** An image whose file has not the size that was recorded is no image: it is built again. */
async function findImage(context: BuildContext, key: string): Promise<Image | undefined> {
  const place = imagePlace(context, key);
  const manifest = (await readJson(join(place, 'manifest.json'))) as ImageManifest | undefined;
  const initrd = join(place, 'initrd');
  const size = await stat(initrd).then(
    (info) => info.size,
    () => undefined,
  );
  if (manifest === undefined || size === undefined || size !== manifest.initrdBytes) return undefined;
  // The time of last use.
  await utimes(place, new Date(), new Date());
  return { key, initrd, manifest };
}

const monthMs = 30 * 24 * 3600 * 1000;

/** Images that no run has used for a month: each is some 200 MB. */
async function removeUnused(context: BuildContext): Promise<void> {
  const images = join(context.cache, 'images');
  for (const key of await readdir(images)) {
    const info = await stat(join(images, key)).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < Date.now() - monthMs) {
      await rm(join(images, key), { recursive: true, force: true });
    }
  }
}

async function digestInputs(recipe: Recipe, kernel: Kernel, guest: Guest | undefined): Promise<unknown> {
  const files = [];
  for (const { from } of recipe.files) {
    const content = await readFile(recipeSource(recipe, from));
    files.push(createHash('sha256').update(content).digest('hex'));
  }
  return [builderVersion, recipe.text, files, kernel.id, guest?.image.key, guest?.kernel.id];
}

async function addGuest(root: string, guest: Guest): Promise<void> {
  await mkdir(join(root, 'vflab/guest'), { recursive: true });
  await copyFile(guest.kernel.image, join(root, guestPaths.kernel));
  await copyFile(guest.image.initrd, join(root, guestPaths.initrd));
}

/**
 * `dir/image/initrd` from the tree: newc, uncompressed. Owner, times and order are fixed, so the same inputs give
 * the same bytes. (Uncompressed boots fastest under TCG: unpacking is a copy.)
 */
async function packTree(context: BuildContext, root: string, dir: string): Promise<void> {
  const paths = await listTree(root);
  for (const path of paths) await lutimes(join(root, path), 0, 0);
  const initrd = join(dir, 'image', 'initrd');
  await mkdir(join(dir, 'image'));
  await run('cpio', ['--quiet', '--create', '--null', '--format=newc', '--owner=+0:+0', '--reproducible'], {
    cwd: root,
    input: paths.map((path) => `${path}\0`).join(''),
    stdoutFile: initrd,
    signal: context.signal,
  });
}

function buildFailed(name: string, error: CommandFailed): EnvironmentError {
  return new EnvironmentError(`The ${name} image could not be built: ${error.message}.`, {
    code: 'IMAGE_BUILD_FAILED',
    next: 'Run make setup, which installs the tools that images need; then try again.',
    lastLines: error.lastLines,
    cause: error,
  });
}
