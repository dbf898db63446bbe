import { fstatSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createDisk } from '../../src/machine/disks.ts';

it('has a size, takes data, costs no space and has no name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vflab-disk-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using disk = await createDisk(64, folder);
  expect(await readdir(folder)).toEqual([]);
  expect(fstatSync(disk.fd)).toMatchObject({ size: 64 * 2 ** 20, nlink: 0 });
  expect(fstatSync(disk.fd).blocks).toBe(0);
  writeSync(disk.fd, 'data', 1_000_000);
  const back = Buffer.alloc(4);
  readSync(disk.fd, back, 0, 4, 1_000_000);
  expect(back.toString()).toBe('data');
});

it('can be disposed of twice, and only its own descriptor is closed', async () => {
  const disk = await createDisk(1);
  await disk[Symbol.asyncDispose]();
  expect(() => fstatSync(disk.fd)).toThrow('EBADF');
  await disk[Symbol.asyncDispose]();
});

it('says where it could not be made', async () => {
  const folder = '/dev/null/folder';
  await expect(createDisk(1, folder)).rejects.toThrow(
    expect.objectContaining({
      code: 'NO_SCRATCH',
      message: expect.stringContaining(`cannot make a disk of 1 MiB in ${folder}`),
    }),
  );
});
