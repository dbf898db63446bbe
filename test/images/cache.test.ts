import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cacheDirectory, withLock, withTempDirectory } from '../../src/images/cache.ts';

async function context(signal?: AbortSignal) {
  const cache = await mkdtemp(join(tmpdir(), 'vflab-test-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  return { cache, onProgress: () => {}, signal };
}

test('the cache is where the user or XDG says', () => {
  expect(cacheDirectory({ VFLAB_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheDirectory({ XDG_CACHE_HOME: '/b' })).toBe('/b/vflab');
  expect(cacheDirectory({})).toMatch(/\/\.cache\/vflab$/);
});

test('a lock admits one at a time', async () => {
  const it = await context();
  let inside = 0;
  let most = 0;
  const work = () =>
    withLock(it, 'x', async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    });
  await Promise.all([work(), work(), work()]);
  expect(most).toBe(1);
  // Another name is another lock.
  await withLock(it, 'x', () => withLock(it, 'y', async () => {}));
});

test('a lock is free again after a failure', async () => {
  const it = await context();
  await expect(withLock(it, 'x', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(it, 'x', async () => 'yes')).toBe('yes');
});

test('who waits for a lock can be interrupted', async () => {
  const it = await context();
  const interrupt = new AbortController();
  const { promise: never, resolve: release } = Promise.withResolvers<void>();
  const holder = withLock(it, 'x', () => never);
  const waiter = withLock({ ...it, signal: interrupt.signal }, 'x', async () => {});
  interrupt.abort();
  await expect(waiter).rejects.toThrow(/abort/i);
  release();
  await holder;
});

test('a temp folder is gone after success and after failure', async () => {
  const it = await context();
  await withTempDirectory(it, async (dir) => {
    await writeFile(join(dir, 'file'), '');
    expect((await stat(dir)).isDirectory()).toBe(true);
  });
  await expect(withTempDirectory(it, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(join(it.cache, 'tmp'))).toEqual([]);
});

test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s is the disk that is full', async (code) => {
  const work = () => Promise.reject(Object.assign(new Error(code), { code }));
  await expect(withTempDirectory(await context(), work)).rejects.toMatchObject({ code: 'DISK_FULL' });
});
