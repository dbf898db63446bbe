/**
 * What the accelerator probe found, kept in the cache folder: each answer is valid for one boot of this machine, one
 * QEMU, one user, one /dev/kvm and one probe guest, of which there is one a kernel. A damaged file counts as none.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProbeGuest } from './accel-guest.ts';

const Found = z.object({ key: z.string(), usable: z.boolean(), saw: z.string() });
export type Found = z.infer<typeof Found>;

const Kept = z.array(Found);
/** Latest first; older ones are of other boots and guests. */
const most = 16;

const fileName = 'accelerator.json';

export async function readFound(cacheDir: string, key: string): Promise<Found | undefined> {
  return (await readKept(cacheDir)).find((found) => found.key === key);
}

async function readKept(cacheDir: string): Promise<Found[]> {
  try {
    return Kept.parse(JSON.parse(await readFile(join(cacheDir, fileName), 'utf8')));
  } catch {
    return [];
  }
}

/** Put in place by one rename: a reader, or another writer, never sees half of it. Of two writers one may be forgotten. */
export async function writeFound(cacheDir: string, found: Found): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const others = (await readKept(cacheDir)).filter(({ key }) => key !== found.key);
  const kept = [found, ...others].slice(0, most);
  const temporary = join(cacheDir, `${fileName}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, `${JSON.stringify(kept)}\n`);
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
