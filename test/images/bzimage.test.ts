import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { extractVmlinux, hasPvhEntry, readBootHeader } from '../../src/images/bzimage.ts';

const banner = '6.12.1-test (me@here) #1 SMP';

/** A bzImage with one setup sector, the banner in it, and the payload after. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024);
  setup[0x1f1] = 1;
  setup.writeUInt16LE(0xaa55, 0x1fe);
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt16LE(0x020f, 0x206);
  setup.writeUInt16LE(0x300 - 0x200, 0x20e);
  setup.write(`${banner}\0`, 0x300, 'latin1');
  setup.writeUInt32LE(0, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, payload]);
}

/** An ELF file of one note segment. Type 18, owner Xen: the PVH entry. */
function elf(noteType: number): Buffer {
  const file = Buffer.alloc(64 + 56 + 20);
  file.write('7f454c460201', 0, 'hex');
  file.writeUInt16LE(62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(4, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(20n, 64 + 32);
  file.writeUInt32LE(4, 120);
  file.writeUInt32LE(4, 124);
  file.writeUInt32LE(noteType, 128);
  file.write('Xen\0', 132, 'latin1');
  return file;
}

const size = Buffer.from([1, 2, 3, 4]);

async function extract(payload: Buffer): Promise<Buffer | undefined> {
  const image = bzImage(payload);
  const place = readBootHeader(image)?.payload;
  if (place === undefined) throw new Error('no payload found');
  return extractVmlinux(image, place);
}

test('the release and the banner are read from the boot header', () => {
  expect(readBootHeader(bzImage(Buffer.alloc(8)))).toMatchObject({ release: '6.12.1-test', banner });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(4096)],
  ['an ELF kernel', elf(18)],
  ['a header without banner', bzImage(Buffer.alloc(8)).fill(0, 0x20e, 0x210)],
])('%s is no bzImage', (_, bytes) => {
  expect(readBootHeader(bytes)).toBeUndefined();
});

test('a cut bzImage has no payload', () => {
  expect(readBootHeader(bzImage(Buffer.alloc(100)).subarray(0, 1050))).not.toHaveProperty('payload');
});

test.each([
  ['zstd', (kernel: Buffer) => Buffer.concat([zstdCompressSync(kernel), size])],
  ['gzip', (kernel: Buffer) => gzipSync(kernel)],
])('the kernel comes out of a %s payload', async (_, compress) => {
  expect(await extract(compress(elf(18)))).toEqual(elf(18));
});

test.each([
  ['without PVH entry', gzipSync(elf(17))],
  ['in an unknown compression', Buffer.from('LZ4!data data data')],
  ['that is damaged', gzipSync(elf(18)).subarray(0, 30)],
])('a kernel %s is left to its own decompressor', async (_, payload) => {
  expect(await extract(payload)).toBeUndefined();
});

test('notes are read to the end of their segment and no further', () => {
  expect(hasPvhEntry(elf(18))).toBe(true);
  expect(hasPvhEntry(elf(18).subarray(0, 130))).toBe(false);
  expect(hasPvhEntry(Buffer.from('#!/bin/sh'))).toBe(false);
});
