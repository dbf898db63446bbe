/** A console that is a file: every byte comes, once, while it is written and at its end; nothing is left of it. */
import { existsSync, openSync, readdirSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createConsoleFile } from '../../src/machine/console-file.ts';

it('passes on what another writes, while it writes, and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vflab-test-'));
  try {
    const file = await createConsoleFile(folder);
    let seen = '';
    file.follow((bytes) => {
      seen += Buffer.from(bytes).toString();
    });
    // As QEMU does: it opens the inherited descriptor anew.
    const writer = openSync(`/proc/self/fd/${file.fd}`, 'w');
    writeSync(writer, 'one\n');
    await vi.waitFor(() => expect(seen).toBe('one\n'), 20_000);
    const long = `${'x'.repeat(200_000)}\n`;
    writeSync(writer, long);
    file.drain();
    expect(seen).toBe(`one\n${long}`);
    file.drain();
    expect(seen).toHaveLength(4 + long.length);
    const open = `/proc/self/fd/${file.fd}`;
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    expect(existsSync(open)).toBe(false);
    // The descriptor may be somebody else's by now.
    file.drain();
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('says where no file can be made', async () => {
  await expect(createConsoleFile('/nowhere')).rejects.toMatchObject({ code: 'NO_SCRATCH' });
});
