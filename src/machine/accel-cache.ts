/**
 * What the accelerator probe found, kept in the cache folder: valid for one boot of this machine, one QEMU, one
 * user, one /dev/kvm and one probe guest. A damaged file counts as none.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProbeGuest } from './accel-guest.ts';

const Found = z.object({ key: z.string(), usable: z.boolean(), saw: z.string() });
export type Found = z.infer<typeof Found>;

const fileName = 'accelerator.json';

export async function readFound(cacheDir: string, key: string): Promise<Found | undefined> {
  try {
    const found = Found.parse(JSON.parse(await readFile(join(cacheDir, fileName), 'utf8')));
    return found.key === key ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Put in place by one rename: a reader, or another writer, never sees half of it. */
export async function writeFound(cacheDir: string, found: Found): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const temporary = join(cacheDir, `${fileName}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, `${JSON.stringify(found)}\n`);
    await rename(temporary, join(cacheDir, fileName));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** All that the answer depends on. */
export async function probeKey(kvmDevice: string, qemuText: string, guest: ProbeGuest): Promise<string> {
  const identity = async (path: string) => {
    if (path === '') return '-';
    const { dev, ino, size, mtimeMs } = await stat(path);
    return `${dev}:${ino}:${size}:${mtimeMs}`;
  };
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'no boot id');
  const kvm = await stat(kvmDevice);
  return JSON.stringify([
    1,
    bootId.trim(),
    qemuText,
    `${kvm.rdev}:${kvm.ino}:${kvm.mode}:${kvm.uid}:${kvm.gid}`,
    process.getuid?.() ?? -1,
    await identity(guest.kernel),
    await identity(guest.initrd),
    guest.cmdline.join(' '),
    String(guest.expect),
  ]);
}
