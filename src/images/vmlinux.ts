/** Writes the uncompressed kernel of a bzImage beside it, where that can be booted as it is. */
import { writeFile } from 'node:fs/promises';
import { type BootHeader, extractVmlinux } from './bzimage.ts';

/** False: the bzImage itself has to be booted. */
export async function writeVmlinux(bzImage: Buffer, header: BootHeader, file: string): Promise<boolean> {
  const vmlinux = header.payload === undefined ? undefined : await extractVmlinux(bzImage, header.payload);
  if (vmlinux === undefined) return false;
  await writeFile(file, vmlinux);
  return true;
}
