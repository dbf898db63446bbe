import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelNames } from '../../src/images/kernel-names.ts';
import { patchedFile } from '../../src/run/patched-module.ts';

const header = '--- a/drivers/block/virtio_blk.c\n+++ b/drivers/block/virtio_blk.c\n@@ -1 +1 @@\n';

describe('patchedFile', () => {
  it('names the one file', () => {
    expect(patchedFile(`Why.\n\n${header}`, 'x.patch')).toBe('drivers/block/virtio_blk.c');
    expect(patchedFile(header.replaceAll('.c\n', '.c\t2026-01-01\n'), 'x.patch')).toBe(
      'drivers/block/virtio_blk.c',
    );
  });

  it.each([
    ['no diff at all', 'hello\n', 'x.patch:1:1: no file is patched'],
    ['two files', `${header}-a\n+b\n${header}`, 'x.patch:7:1: a second file'],
    ['a way out of the tree', '+++ b/../../etc/passwd.c\n', 'x.patch:1:1: the path must be'],
    ['words of a shell', '+++ b/drivers/$(reboot).c\n', 'x.patch:1:1: the path must be'],
    ['a header file', '+++ b/include/linux/irq.h\n', 'x.patch:1:1: the path must be'],
  ])('refuses %s', (_, text, message) => {
    expect(() => patchedFile(text, 'x.patch')).toThrow(
      expect.objectContaining({ code: 'PATCH_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('finds a file in every patch of ours, and one for every kernel', () => {
    const patches = readdirSync('labs/patches');
    for (const name of patches) {
      expect(patchedFile(readFileSync(`labs/patches/${name}`, 'utf8'), name)).toMatch(/\.c$/);
    }
    for (const kernel of Object.keys(kernelNames).filter((name) => name !== 'newest')) {
      expect(patches).toContain(`virtio-blk-without-affinity-${kernel}.patch`);
    }
  });
});
