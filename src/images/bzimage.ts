/**
 * Reads a bzImage: its release, and the kernel proper inside it.
 *
 * Offsets are those of the Linux boot protocol, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { runForBytes } from './run.ts';

const setupSectorsOffset = 0x1f1;
const bootFlagOffset = 0x1fe;
const magicOffset = 0x202;
const versionOffset = 0x206;
const kernelVersionOffset = 0x20e;
const payloadOffset = 0x248;
const payloadLengthOffset = 0x24c;
/** `payload_offset` exists from protocol 2.08 on. */
const payloadProtocol = 0x0208;

export interface BootHeader {
  /** What `uname -r` prints: 6.12.117+deb13-amd64 */
  release: string;
  /** The whole banner: release, builder, `#1 SMP …`, version. */
  banner: string;
  /** Where the compressed kernel is, in bytes of the file. */
  payload?: { start: number; end: number };
}

/** Undefined if the bytes are no bzImage. */
export function readBootHeader(image: Buffer): BootHeader | undefined {
  if (image.length < payloadLengthOffset + 4) return undefined;
  if (image.readUInt16LE(bootFlagOffset) !== 0xaa55) return undefined;
  if (image.toString('latin1', magicOffset, magicOffset + 4) !== 'HdrS') return undefined;
  const bannerStart = image.readUInt16LE(kernelVersionOffset) + 0x200;
  const bannerEnd = image.indexOf(0, bannerStart);
  const banner = image.toString('latin1', bannerStart, Math.min(bannerEnd, bannerStart + 512));
  const release = banner.split(' ')[0];
  if (bannerStart === 0x200 || bannerEnd < 0 || !release) return undefined;
  if (image.readUInt16LE(versionOffset) < payloadProtocol) return { release, banner };
  // "If setup_sects is 0, the real value is 4"; the boot sector comes before the setup.
  const setupBytes = ((image[setupSectorsOffset] || 4) + 1) * 512;
  const start = setupBytes + image.readUInt32LE(payloadOffset);
  const end = start + image.readUInt32LE(payloadLengthOffset);
  return end > image.length ? { release, banner } : { release, banner, payload: { start, end } };
}

/**
 * The uncompressed kernel (ELF) of a bzImage, if it can be booted as it is; else undefined and the bzImage has
 * to be used. Under TCG the kernel's own decompressor is slow: booting this instead saves 1 s (zstd, Debian
 * 6.12) to 2.5 s (xz, Debian 6.1), and ten times that in a nested guest. Lost with the decompressor: KASLR.
 */
export async function extractVmlinux(
  image: Buffer,
  payload: { start: number; end: number },
): Promise<Buffer | undefined> {
  const data = image.subarray(payload.start, payload.end);
  try {
    const kernel = await decompress(data);
    return kernel !== undefined && hasPvhEntry(kernel) ? kernel : undefined;
  } catch {
    return undefined;
  }
}

/** The build appends the uncompressed size to all but gzip (scripts/Makefile.lib, `size_append`). */
async function decompress(data: Buffer): Promise<Buffer | undefined> {
  const body = data.subarray(0, -4);
  switch (data.toString('hex', 0, 4)) {
    case '28b52ffd':
      return zstdDecompressSync(body);
    case 'fd377a58':
      return runForBytes('xz', ['-dc'], { input: body });
    default:
      return data.toString('hex', 0, 2) === '1f8b' ? gunzipSync(data) : undefined;
  }
}

const noteSegment = 4;
/** XEN_ELFNOTE_PHYS32_ENTRY, include/xen/interface/elfnote.h: the PVH entry that QEMU's loader looks for. */
const pvhNote = 18;

/** True if QEMU can start this ELF kernel: 64-bit x86 with a PVH entry note (CONFIG_PVH). */
export function hasPvhEntry(elf: Buffer): boolean {
  if (elf.length < 64 || elf.toString('hex', 0, 6) !== '7f454c460201' || elf.readUInt16LE(18) !== 62)
    return false;
  const tableStart = Number(elf.readBigUInt64LE(32));
  const entrySize = elf.readUInt16LE(54);
  const entries = elf.readUInt16LE(56);
  for (let i = 0; i < entries; i++) {
    const entry = tableStart + i * entrySize;
    if (entry + 56 > elf.length) return false;
    if (elf.readUInt32LE(entry) !== noteSegment) continue;
    const start = Number(elf.readBigUInt64LE(entry + 8));
    const end = Math.min(start + Number(elf.readBigUInt64LE(entry + 32)), elf.length);
    if (segmentHasNote(elf, start, end)) return true;
  }
  return false;
}

/** A note is three words (name size, descriptor size, type), then name and descriptor, each padded to 4. */
function segmentHasNote(elf: Buffer, start: number, end: number): boolean {
  for (let at = start; at + 12 <= end; ) {
    const nameSize = elf.readUInt32LE(at);
    const descriptorSize = elf.readUInt32LE(at + 4);
    const name = elf.toString('latin1', at + 12, at + 12 + nameSize);
    if (elf.readUInt32LE(at + 8) === pvhNote && name === 'Xen\0') return true;
    at += 12 + Math.ceil(nameSize / 4) * 4 + Math.ceil(descriptorSize / 4) * 4;
  }
  return false;
}
