/** A cache with all that an image needs, made of nothing: tiny packages, a kernel without modules, a recipe. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import type { BuildContext } from '../../src/images/cache.ts';
import type { Kernel } from '../../src/images/kernel.ts';

export const release = '6.99.0-test';

export interface FakeWorld {
  cache: string;
  recipe: string;
  kernel: Kernel;
  context: BuildContext;
  /** What the user was told. */
  progress: string[];
}

/** `padBytes`: size of a file in the only package, to make a build long or large. */
export async function fakeWorld({ padBytes = 0, recipe = '' } = {}): Promise<FakeWorld> {
  const home = await mkdtemp(join(tmpdir(), 'vflab-test-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const cache = join(home, 'cache');
  const recipeFile = join(home, 'tiny.yaml');
  await writeFile(
    recipeFile,
    recipe ||
      'suite: trixie\npackages: [tiny]\nexclude: [usr/share/doc]\nmodules: []\nload: []\nfiles:\n  - { from: greeting, to: /etc/greeting }\n',
  );
  await writeFile(join(home, 'greeting'), 'hello\n');
  await fakePackage(cache, home, padBytes);
  const kernel = await fakeKernel(home);
  const progress: string[] = [];
  const context = { cache, onProgress: (text: string) => void progress.push(text) };
  return { cache, recipe: recipeFile, kernel, context, progress };
}

/** Package `tiny`, pinned and downloaded. Its busybox is a script that lists two programs. */
async function fakePackage(cache: string, home: string, padBytes: number): Promise<void> {
  const tree = join(home, 'tiny');
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await mkdir(join(tree, 'usr/share/doc/tiny'), { recursive: true });
  await writeFile(
    join(tree, 'DEBIAN/control'),
    'Package: tiny\nVersion: 1:2.0-1\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\nDescription: test\n',
  );
  await writeFile(join(tree, 'usr/bin/busybox'), '#!/bin/sh\necho sh\necho ls\n', { mode: 0o755 });
  await writeFile(join(tree, 'usr/share/doc/tiny/copyright'), 'none');
  await writeFile(join(tree, 'usr/pad'), Buffer.alloc(padBytes, 'x'));
  await mkdir(join(cache, 'debs'), { recursive: true });
  await mkdir(join(cache, 'packages'), { recursive: true });
  const file = 'tiny_1%3a2.0-1_amd64.deb';
  await execa('dpkg-deb', ['-Znone', '--root-owner-group', '-b', tree, join(cache, 'debs', file)]);
  const pin = { suite: 'trixie', wanted: ['tiny'], packages: [{ name: 'tiny', version: '1:2.0-1', file }] };
  const key = createHash('sha256')
    .update(JSON.stringify(['trixie', 'tiny']))
    .digest('hex')
    .slice(0, 16);
  await writeFile(join(cache, 'packages', `${key}.json`), JSON.stringify(pin));
}

async function fakeKernel(home: string): Promise<Kernel> {
  const modulesDir = join(home, 'kernel/lib/modules', release);
  await mkdir(modulesDir, { recursive: true });
  await writeFile(join(modulesDir, 'modules.builtin'), 'kernel/drivers/virtio/virtio_pci.ko\n');
  for (const name of ['modules.dep', 'modules.order', 'modules.builtin.modinfo']) {
    await writeFile(join(modulesDir, name), '');
  }
  const image = join(home, 'kernel/vmlinuz');
  await writeFile(image, 'kernel');
  return { name: 'test', release, banner: release, image, bzImage: image, modulesDir, id: 'test-1' };
}

/** Paths inside an image, as cpio lists them. */
export async function listImage(initrd: string): Promise<string[]> {
  return (await execa('cpio', ['-t', '--quiet'], { inputFile: initrd })).stdout.split('\n');
}
