/** The accelerator probe with real guests: one that answers, and the ways in which one does not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { chooseAccelerator } from '../../src/machine/accel.ts';
import { type ProbeGuest, runProbeGuest } from '../../src/machine/accel-guest.ts';
import { writeRom } from './rom.ts';

let folder: string;
let guest: ProbeGuest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vflab-accel-qemu-test-'));
  const firmware = join(folder, 'rom');
  await writeRom(firmware, 'boot\r\nvflab-answer 42\r\n');
  guest = { kernel: '', initrd: '', cmdline: [], expect: /^vflab-answer 42$/, firmware };
  return () => rm(folder, { recursive: true });
});

describe('a guest under an accelerator that works', () => {
  const run = (change: Partial<ProbeGuest>, budgetMs = 60_000) =>
    runProbeGuest({ ...guest, ...change }, { accel: 'tcg', budgetMs });

  it('that answers: it ran', async () => {
    expect(await run({})).toEqual({ ran: true, saw: 'ran' });
  });

  it('that says something else: its last line', async () => {
    expect(await run({ expect: /^vflab-answer 43$/ }, 3_000)).toEqual({
      ran: false,
      saw: 'did not get beyond "vflab-answer 42" in 3000 ms',
    });
  });

  it('that says nothing', async () => {
    const firmware = join(folder, 'silent');
    await writeRom(firmware, '');
    expect(await run({ firmware }, 1_000)).toEqual({ ran: false, saw: 'was silent for 1000 ms' });
  });

  it('that powers itself off before its answer', async () => {
    const firmware = join(folder, 'off');
    await writeRom(firmware, 'bye\r\n', 'poweroff');
    expect(await run({ firmware })).toEqual({
      ran: false,
      saw: expect.stringMatching(/^died: .*powered itself off/),
    });
  });

  it('whose kernel panics', async () => {
    const firmware = join(folder, 'panic');
    await writeRom(firmware, 'Kernel panic - not syncing: no init\r\n');
    expect(await run({ firmware })).toEqual({ ran: false, saw: 'died: Kernel panic - not syncing: no init' });
  });

  it('while the user gives up', async () => {
    const signal = AbortSignal.timeout(300);
    await expect(
      runProbeGuest({ ...guest, expect: /never/ }, { accel: 'tcg', budgetMs: 60_000, signal }),
    ).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
  });
});

it('this machine: an answer in bounded time, and never KVM that was not seen to run a guest', async () => {
  const accelerator = await chooseAccelerator({ guest, env: {} });
  expect(accelerator.cannotShow).not.toEqual([]);
  if (accelerator.kind === 'kvm') {
    expect(await runProbeGuest(guest, { accel: 'kvm', budgetMs: 5_000 })).toEqual({ ran: true, saw: 'ran' });
  } else {
    expect(accelerator.reason).toMatch(/kvm/i);
  }
});
