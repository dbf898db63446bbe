/** The root file system of an image as a folder, before it is packed. */
import { chmod, copyFile, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import { EnvironmentError, UsageError } from '../errors.ts';
import { type DebianPackage, debPath } from './apt.ts';
import type { BuildContext } from './cache.ts';
import type { Kernel } from './kernel.ts';
import { insertionOrder, type ModuleIndex, moduleLists, readModuleIndex, selectModules } from './modules.ts';
import { type Recipe, recipeSource } from './recipe.ts';
import { run } from './run.ts';

/** Directories that the kernel or the boot script mounts on, or that programs expect. */
const skeleton = [
  'dev',
  'etc',
  'proc',
  'root',
  'run',
  'sys',
  'tmp',
  'var',
  'usr/bin',
  'usr/sbin',
  'usr/lib',
  'usr/lib64',
];
/** Debian's merged /usr; packages rely on it. */
const mergedUsr = ['bin', 'sbin', 'lib', 'lib64'];

/** Fills the empty folder `root`. `packages` have been downloaded. */
export async function makeTree(
  context: BuildContext,
  recipe: Recipe,
  packages: readonly DebianPackage[],
  kernel: Kernel,
  root: string,
): Promise<void> {
  for (const dir of skeleton) await mkdir(join(root, dir), { recursive: true });
  for (const dir of mergedUsr) await symlink(`usr/${dir}`, join(root, dir));
  for (const each of packages) {
    await unpack(context, each, root);
  }
  await removeMatching(root, '', recipe.exclude);
  await linkBusybox(root);
  for (const [name, target] of Object.entries(recipe.links)) await symlink(target, join(root, name));
  for (const { from, to, mode } of recipe.files) {
    const place = join(root, to);
    await mkdir(dirname(place), { recursive: true });
    await rm(place, { force: true });
    await copyFile(recipeSource(recipe, from), place);
    await chmod(place, Number.parseInt(mode, 8));
  }
  await addModules(context, recipe, kernel, root);
  // Finding a library by its index costs one look-up, not a walk through directories: QEMU links some sixty.
  await run('/sbin/ldconfig', ['-X', '-r', root], { signal: context.signal });
}

/** Packages of Debian 12 and before hold a folder `bin` of their own: its content goes where our link points. */
async function unpack(context: BuildContext, each: DebianPackage, root: string): Promise<void> {
  const { signal } = context;
  const content = `${root}.tar`;
  await run('dpkg-deb', ['--fsys-tarfile', debPath(context, each)], { stdoutFile: content, signal });
  await run('tar', ['-xf', content, '--keep-directory-symlink', '-C', root], { signal });
  await rm(content);
}

async function removeMatching(root: string, below: string, globs: readonly string[]): Promise<void> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (globs.some((glob) => matchesGlob(path, glob))) await rm(join(root, path), { recursive: true });
    else if (entry.isDirectory()) await removeMatching(root, path, globs);
  }
}

/** A link for each of busybox's programs that no package brought. */
async function linkBusybox(root: string): Promise<void> {
  const busybox = join(root, 'usr/bin/busybox');
  const taken = new Set([
    ...(await readdir(join(root, 'usr/bin'))),
    ...(await readdir(join(root, 'usr/sbin'))),
  ]);
  for (const name of (await run(busybox, ['--list'])).split('\n')) {
    if (name !== '' && !taken.has(name)) await symlink('busybox', join(root, 'usr/bin', name));
  }
}

/** The selected modules, uncompressed: `xz` in a nested guest costs more than copying the bytes. */
async function addModules(
  context: BuildContext,
  recipe: Recipe,
  kernel: Kernel,
  root: string,
): Promise<void> {
  const read = (name: string) => readFile(join(kernel.modulesDir, name), 'utf8');
  const index = readModuleIndex(await read('modules.dep'), await read('modules.builtin'));
  const { paths, missing } = selectModules(
    index,
    wantedModules(recipe).map(([name]) => name),
  );
  if (missing.length > 0) throw unknownModule(recipe, kernel, missing);

  const target = join(root, 'lib/modules', kernel.release);
  await mkdir(target, { recursive: true });
  const compressed: string[] = [];
  for (const path of paths) {
    const place = join(target, path);
    await mkdir(dirname(place), { recursive: true });
    await copyFile(join(kernel.modulesDir, path), place);
    if (place.endsWith('.xz')) compressed.push(place);
    else if (!place.endsWith('.ko')) throw unreadableModule(path);
  }
  if (compressed.length > 0) await run('xz', ['-d', '--', ...compressed], { signal: context.signal });
  await mkdir(join(root, 'etc/vflab'), { recursive: true });
  for (const name of moduleLists) {
    await copyFile(join(kernel.modulesDir, name), join(target, name));
  }
  await run('depmod', ['-b', root, kernel.release], { signal: context.signal });
  await writeFile(
    join(root, 'etc/vflab/modules'),
    bootModules(index, recipe, `/lib/modules/${kernel.release}`),
  );
}

/**
 * What the boot script inserts, a line each: a CPU feature or `-`, and the file. Resolved here, because every
 * `modprobe` in a nested guest costs a tenth of a second.
 */
function bootModules(index: ModuleIndex, recipe: Recipe, dir: string): string {
  const always = new Set(recipe.load.flatMap((name) => insertionOrder(index, name)));
  const lines = [...always].map((path) => ['-', path]);
  for (const [feature, name] of Object.entries(recipe.loadForCpu)) {
    for (const path of insertionOrder(index, name)) if (!always.has(path)) lines.push([feature, path]);
  }
  return lines.map(([when, path]) => `${when} ${dir}/${path?.replace(/\.xz$/, '')}\n`).join('');
}

/** Every module that the recipe names, with the place where it does. */
function wantedModules(recipe: Recipe): [name: string, path: (string | number)[]][] {
  return [
    ...recipe.modules.map((name, i) => [name, ['modules', i]] as [string, (string | number)[]]),
    ...recipe.load.map((name, i) => [name, ['load', i]] as [string, (string | number)[]]),
    ...Object.entries(recipe.loadForCpu).map(
      ([feature, name]) => [name, ['loadForCpu', feature]] as [string, (string | number)[]],
    ),
  ];
}

function unknownModule(recipe: Recipe, kernel: Kernel, missing: readonly string[]): UsageError {
  const [name, path] = wantedModules(recipe).find(([each]) => missing.includes(each)) ?? ['', []];
  const where = recipe.locate(path);
  return new UsageError(`${where}: kernel ${kernel.release} has no module ${name}, nor is it built in`, {
    code: 'MODULE_NOT_FOUND',
    next: 'Check the name with modinfo, or build the kernel with it.',
  });
}

function unreadableModule(path: string): EnvironmentError {
  return new EnvironmentError(`Module ${path} is compressed in a way that vflab does not read.`, {
    code: 'MODULES_NOT_FOUND',
    next: 'Install the modules uncompressed or with CONFIG_MODULE_COMPRESS_XZ.',
  });
}

/** Every path of the tree, relative, parents first, in one order on every machine. */
export async function listTree(root: string, below = ''): Promise<string[]> {
  const paths: string[] = [];
  const names = await readdir(join(root, below));
  for (const name of names.sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    paths.push(path);
    if ((await lstat(join(root, path))).isDirectory()) paths.push(...(await listTree(root, path)));
  }
  return paths;
}
