/**
 * A module of a Debian kernel, built anew from Debian's own source with a patch: to compare a patched driver with
 * the one that was shipped. It is built in a machine of its own, by the compiler and with the headers of that
 * kernel's suite, so that nothing is asked of this machine but QEMU. What is built is kept in the cache.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LabBrokeError, UsageError } from '../errors.ts';
import { getFile, putFile } from '../guest/files.ts';
import { generateSshKey } from '../guest/key.ts';
import { type BuildContext, moveIntoPlace, withLock, withTempDirectory } from '../images/cache.ts';
import { exists } from '../images/exists.ts';
import { buildBuilderImage } from '../images/image.ts';
import type { Kernel } from '../images/kernel.ts';
import { kernelNames } from '../images/kernel-names.ts';
import { kernelSource } from '../images/kernel-source.ts';
import { plainMachine } from '../lab/machines.ts';
import { recordToMemory, startClock } from '../machine/record.ts';
import type { Accelerator } from '../machine/spec.ts';
import { quote } from '../shell.ts';
import { bootLinux } from './boot-linux.ts';

export interface PatchedModule {
  /** `virtio_blk` */
  name: string;
  /** The .ko, in the cache. */
  path: string;
}

/** Far more than it takes under TCG (about a minute): where waiting ends. */
const budgetMs = 15 * 60_000;

/**
 * @param patchFile unified diff (`-p1`) of the one source file that the module is made of
 * @throws `UsageError` PATCH_INVALID · `LabBrokeError` MODULE_BUILD_FAILED with the compiler's last lines
 */
export async function patchedModule(
  context: BuildContext,
  options: { kernel: Kernel; patchFile: string; accelerator: Accelerator['kind']; signal: AbortSignal },
): Promise<PatchedModule> {
  const { kernel, patchFile } = options;
  const suite = kernelNames[kernel.name]?.suite;
  if (suite === undefined) throw patchNeedsDebian(patchFile);
  const patch = await readFile(patchFile).catch((cause: Error) => {
    throw new UsageError(`${patchFile} cannot be read: ${cause.message}`, { code: 'PATCH_INVALID', cause });
  });
  const source = patchedFile(patch.toString('utf8'), patchFile);
  const name = basename(source, '.c');
  const key = createHash('sha256').update(patch).update(kernel.id).digest('hex').slice(0, 20);
  const place = join(context.cache, 'modules', key);
  const path = join(place, `${name}.ko`);
  if (await exists(path)) return { name, path };
  return await withLock(context, `module-${key}`, async () => {
    if (await exists(path)) return { name, path };
    const of = { kernel, suite };
    const image = await buildBuilderImage(context, of);
    const file = await readFile(await kernelSource(context, of, source));
    context.onProgress(`Building ${name}.ko of kernel ${kernel.release} with ${basename(patchFile)}`);
    const built = await build({ ...options, initrd: image.initrd, name, source, file, patch });
    await withTempDirectory(context, async (dir) => {
      await mkdir(join(dir, 'module'));
      await writeFile(join(dir, 'module', `${name}.ko`), built);
      await moveIntoPlace(join(dir, 'module'), place);
    });
    return { name, path };
  });
}

export function patchNeedsDebian(patchFile: string): UsageError {
  return new UsageError(`${patchFile}: a driver can be patched for Debian's kernels only`, {
    code: 'PATCH_INVALID',
    next: 'build the module yourself, and give its kernel with --kernel and --modules',
  });
}

/** The one file that a patch changes. */
export function patchedFile(patch: string, patchFile: string): string {
  const lines = patch.split('\n');
  const files = lines.flatMap((text, i) => (/^\+\+\+ /.test(text) ? [{ text, line: i + 1 }] : []));
  const [first, second] = files;
  const invalid = (line: number, what: string) =>
    new UsageError(`${patchFile}:${line}:1: ${what}`, { code: 'PATCH_INVALID' });
  if (!first) throw invalid(1, 'no file is patched: a unified diff with `+++ b/drivers/….c` is wanted');
  if (second) throw invalid(second.line, 'a second file: a patch may change one source file');
  const path = /^\+\+\+ b\/((?:[\w-]+\/)+[\w-]+\.c)(?:\s|$)/.exec(first.text)?.[1];
  if (path === undefined)
    throw invalid(first.line, 'the path must be `b/` and that of a .c file in the kernel');
  return path;
}

interface Build {
  kernel: Kernel;
  accelerator: Accelerator['kind'];
  signal: AbortSignal;
  initrd: string;
  name: string;
  source: string;
  file: Buffer;
  patch: Buffer;
}

async function build({
  kernel,
  accelerator,
  initrd,
  name,
  source,
  file,
  patch,
  ...rest
}: Build): Promise<Buffer> {
  const deadline = AbortSignal.timeout(budgetMs);
  const signal = AbortSignal.any([rest.signal, deadline]);
  await using cleanup = new AsyncDisposableStack();
  const clock = startClock();
  const { linux } = await bootLinux(
    { ...plainMachine('builder', 2, 3072), kernel: kernel.image, initrd },
    {
      ...{ accelerator, cleanup, signal, key: generateSshKey(), record: recordToMemory(clock) },
      log: { now: clock, event: () => {} },
    },
  );
  const place = `/build/${source.slice(0, source.lastIndexOf('/'))}`;
  await linux.must(`mkdir -p ${quote(place)}`, signal);
  await putFile(linux, `/build/${source}`, file, signal);
  await putFile(linux, '/build/patch', patch, signal);
  await putFile(linux, `${place}/Makefile`, Buffer.from(`obj-m := ${name}.o\n`), signal);
  const headers = `/usr/src/linux-headers-${kernel.release}`;
  const result = await linux.run(
    `cd /build && patch -p1 < patch && make -C ${quote(headers)} M=${quote(place)} modules 2>&1 && strip -g ${quote(`${place}/${name}.ko`)}`,
    signal,
  );
  if (result.exitCode !== 0) {
    throw new LabBrokeError(`${name}.ko of kernel ${kernel.release} could not be built with the patch`, {
      code: 'MODULE_BUILD_FAILED',
      next: 'The lines below are those of patch and the compiler.',
      lastLines: `${result.stdout}${result.stderr}`.trim().split('\n').slice(-12),
    });
  }
  return await getFile(linux, `${place}/${name}.ko`, signal);
}
