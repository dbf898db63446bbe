import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../../src/images/image.ts';
import { type FakeWorld, fakeWorld, listImage, release } from './fake.ts';

const childScript = join(import.meta.dirname, 'build-child.ts');

async function worldFile(world: FakeWorld): Promise<string> {
  const file = join(dirname(world.recipe), 'world.json');
  const { cache, recipe, kernel } = world;
  await writeFile(file, JSON.stringify({ cache, recipe, kernel }));
  return file;
}

/** Waits for a condition; the bound only keeps a broken test from hanging. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('condition never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const entries = (dir: string) => readdir(dir).catch(() => [] as string[]);

describe('an image', () => {
  test('holds what the recipe says', async () => {
    const world = await fakeWorld();
    const image = await buildImage(world.context, world.recipe, world.kernel);
    const paths = await listImage(image.initrd);
    expect(paths).toEqual(
      expect.arrayContaining(['usr/bin/busybox', 'usr/bin/ls', 'etc/greeting', 'bin', 'proc']),
    );
    expect(paths).toContain(`usr/lib/modules/${release}/modules.dep`);
    expect(paths.filter((path) => path.startsWith('usr/share/doc'))).toEqual([]);
    expect(image.manifest).toMatchObject({
      recipe: 'tiny',
      kernelRelease: release,
      packages: [{ name: 'tiny', version: '1:2.0-1' }],
    });
  });

  test('is the same bytes from the same inputs', async () => {
    const [one, two] = [await fakeWorld(), await fakeWorld()];
    const a = await buildImage(one.context, one.recipe, one.kernel);
    const b = await buildImage(two.context, two.recipe, two.kernel);
    expect(b.key).toBe(a.key);
    expect((await readFile(b.initrd)).equals(await readFile(a.initrd))).toBe(true);
  });

  test('is built once, and again when an input changes', async () => {
    const world = await fakeWorld();
    const first = await buildImage(world.context, world.recipe, world.kernel);
    const told = world.progress.length;
    expect(told).toBeGreaterThan(0);
    expect(await buildImage(world.context, world.recipe, world.kernel)).toEqual(first);
    expect(world.progress).toHaveLength(told);

    await writeFile(join(dirname(world.recipe), 'greeting'), 'good day\n');
    const changedFile = await buildImage(world.context, world.recipe, world.kernel);
    const changedKernel = await buildImage(world.context, world.recipe, { ...world.kernel, id: 'test-2' });
    expect(new Set([first.key, changedFile.key, changedKernel.key]).size).toBe(3);
  });

  test('that was damaged is built again', async () => {
    const world = await fakeWorld();
    const image = await buildImage(world.context, world.recipe, world.kernel);
    const good = await readFile(image.initrd);
    await truncate(image.initrd, 100);
    const again = await buildImage(world.context, world.recipe, world.kernel);
    expect((await readFile(again.initrd)).equals(good)).toBe(true);
  });

  test('names the recipe line of a module that the kernel lacks', async () => {
    const recipe = 'suite: trixie\npackages: [tiny]\nmodules:\n  - virtio-pci\n  - vfoi-pci\n';
    const world = await fakeWorld({ recipe });
    await expect(buildImage(world.context, world.recipe, world.kernel)).rejects.toMatchObject({
      code: 'MODULE_NOT_FOUND',
      message: expect.stringContaining(`${world.recipe}:5:5: kernel ${release} has no module vfoi-pci`),
    });
    expect(await entries(join(world.cache, 'images'))).toEqual([]);
  });
});

describe('bad days', { timeout: 60_000 }, () => {
  test('two builds at once: both get the image, one builds it', async () => {
    const world = await fakeWorld({ padBytes: 30_000_000 });
    const file = await worldFile(world);
    const run = () => execa(process.execPath, [childScript, file]);
    const outputs = (await Promise.all([run(), run()])).map(({ stdout }) => stdout);
    const keys = outputs.map((text) => /^key (.*)$/m.exec(text)?.[1]);
    expect(keys[0]).toMatch(/^tiny-/);
    expect(keys[1]).toBe(keys[0]);
    expect(outputs.filter((text) => text.includes('Building the tiny image'))).toHaveLength(1);
    expect(await entries(join(world.cache, 'tmp'))).toEqual([]);
  });

  test('kill -9 in the middle leaves nothing, and the next build works', async () => {
    const world = await fakeWorld({ padBytes: 60_000_000 });
    const child = execa(process.execPath, [childScript, await worldFile(world)], { reject: false });
    const temp = join(world.cache, 'tmp');
    // Killed while a package is being unpacked.
    await until(async () => {
      const dirs = await entries(temp);
      return dirs[0] !== undefined && (await entries(join(temp, dirs[0], 'root'))).includes('usr');
    });
    child.kill('SIGKILL');
    await child;
    await until(async () => (await entries(temp)).length === 0);
    expect(await entries(join(world.cache, 'images'))).toEqual([]);
    const image = await buildImage(world.context, world.recipe, world.kernel);
    expect(await listImage(image.initrd)).toContain('usr/pad');
  });

  // A limit on file size stands for the full disk: it hits dpkg-deb (small), or cpio (larger) alike.
  test.each([1_000, 25_000])(
    'disk full after %i kB: a clear error, nothing half-built',
    async (kilobytes) => {
      const world = await fakeWorld({ padBytes: 20_000_000 });
      const file = await worldFile(world);
      const limited = `ulimit -f ${kilobytes * 2 - 1}; exec "$@"`;
      // The image is larger than the largest file in it.
      if (kilobytes > 20_000)
        await writeFile(join(dirname(world.recipe), 'greeting'), Buffer.alloc(10_000_000));
      const { stdout } = await execa('sh', ['-c', limited, 'sh', process.execPath, childScript, file], {
        reject: false,
      });
      expect(stdout).toContain('error DISK_FULL');
      expect(await entries(join(world.cache, 'images'))).toEqual([]);
      expect(await entries(join(world.cache, 'tmp'))).toEqual([]);
      const image = await buildImage(world.context, world.recipe, world.kernel);
      expect(await listImage(image.initrd)).toContain('usr/pad');
    },
  );

  test('a tool that fails is named, with its last words', async () => {
    const world = await fakeWorld();
    await writeFile(join(world.cache, 'debs', 'tiny_1%3a2.0-1_amd64.deb'), 'no package');
    await expect(buildImage(world.context, world.recipe, world.kernel)).rejects.toMatchObject({
      code: 'IMAGE_BUILD_FAILED',
      message: expect.stringContaining('dpkg-deb failed (exit 2)'),
      lastLines: [expect.stringContaining('dpkg-deb: error:')],
    });
    expect(await entries(join(world.cache, 'images'))).toEqual([]);
  });
});
