import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type AcceleratorOptions, chooseAccelerator } from '../../src/machine/accel.ts';
import type { GuestRun } from '../../src/machine/accel-guest.ts';

/** A file stands for /dev/kvm, a shell script for QEMU's `--version`, and a function for the guest. */
let folder: string;
let kvmDevice: string;
let qemu: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vflab-accel-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  kvmDevice = join(folder, 'kvm');
  await writeFile(kvmDevice, '');
  qemu = join(folder, 'qemu');
  await setQemuVersion('10.0.2');
});

async function setQemuVersion(version: string): Promise<void> {
  await rm(qemu, { force: true });
  await writeFile(qemu, `#!/bin/sh\necho QEMU emulator version ${version}\n`, { mode: 0o755 });
}

/** Chooses, and counts the guests that were run for it. */
function chooser(answers: GuestRun[], more: Partial<AcceleratorOptions> = {}) {
  const runs: string[] = [];
  const choose = (change: Partial<AcceleratorOptions> = {}) =>
    chooseAccelerator({
      guest: { kernel: '', initrd: '', cmdline: [], expect: /answer/ },
      kvmDevice,
      qemu,
      cacheDir: join(folder, 'cache'),
      env: {},
      run: async (_, { accel }) => {
        runs.push(accel);
        return answers[runs.length - 1] ?? { ran: false, saw: 'was run too often' };
      },
      ...more,
      ...change,
    });
  return { choose, runs };
}

const works: GuestRun = { ran: true, saw: 'ran' };
const dies: GuestRun = { ran: false, saw: 'died: failed to set MSR 0x10a' };

describe('without a wish', () => {
  it('KVM if it ran a guest', async () => {
    expect(await chooser([works]).choose()).toMatchObject({ kind: 'kvm', reason: 'KVM ran a guest' });
  });

  it('else TCG, with what was seen and what cannot be shown', async () => {
    const accelerator = await chooser([dies]).choose();
    expect(accelerator).toMatchObject({
      kind: 'tcg',
      reason: `${kvmDevice} opens, but a guest under KVM died: failed to set MSR 0x10a`,
    });
    expect(accelerator.cannotShow.join('\n')).toMatch(/posted interrupts.*timing.*VMX/s);
  });

  it('no device: no guest is run', async () => {
    await rm(kvmDevice);
    const { choose, runs } = chooser([works]);
    expect(await choose()).toMatchObject({
      kind: 'tcg',
      reason: expect.stringContaining(`there is no ${kvmDevice}`),
    });
    expect(runs).toEqual([]);
  });
});

describe('the answer is kept', () => {
  it('for the next run', async () => {
    const { choose, runs } = chooser([works, dies]);
    const first = await choose();
    expect(await choose()).toEqual(first);
    expect(runs).toHaveLength(1);
    expect(await readdir(join(folder, 'cache'))).toEqual(['accelerator.json']);
  });

  it('for each kernel’s guest, in turn', async () => {
    const { choose, runs } = chooser([works, dies]);
    const guest = { kernel: '', initrd: '', cmdline: ['other'], expect: /answer/ };
    const first = await choose();
    const second = await choose({ guest });
    expect([await choose(), await choose({ guest })]).toEqual([first, second]);
    expect(runs).toHaveLength(2);
  });

  it.each<[string, () => Promise<void>, Partial<AcceleratorOptions>]>([
    ['another QEMU', () => setQemuVersion('10.0.3'), {}],
    [
      'another /dev/kvm',
      async () => {
        await writeFile(join(folder, 'other'), '');
        await rm(kvmDevice);
        await writeFile(kvmDevice, '', { mode: 0o600 });
      },
      {},
    ],
    [
      'another guest',
      async () => {},
      { guest: { kernel: '', initrd: '', cmdline: ['x'], expect: /answer/ } },
    ],
    ['a damaged file', () => writeFile(join(folder, 'cache/accelerator.json'), '{"key":'), {}],
    ['another content', () => writeFile(join(folder, 'cache/accelerator.json'), '{"key":1}'), {}],
  ])('but not for %s', async (_, change, options) => {
    const { choose, runs } = chooser([works, dies]);
    await choose();
    await change();
    expect((await choose(options)).kind).toBe('tcg');
    expect(runs).toHaveLength(2);
  });

  it('of an earlier boot is not used', async () => {
    const { choose, runs } = chooser([works, dies]);
    await choose();
    const file = join(folder, 'cache/accelerator.json');
    const [kept] = JSON.parse(await readFile(file, 'utf8'));
    const key = JSON.parse(kept.key);
    expect(key[1]).toBe((await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim());
    key[1] = '00000000-0000-0000-0000-000000000000';
    await writeFile(file, JSON.stringify([{ ...kept, key: JSON.stringify(key) }]));
    expect((await choose()).kind).toBe('tcg');
    expect(runs).toHaveLength(2);
  });
});

describe('VFLAB_ACCEL', () => {
  it('tcg: nothing is probed', async () => {
    const { choose, runs } = chooser([works]);
    expect(await choose({ env: { VFLAB_ACCEL: 'tcg' } })).toMatchObject({
      kind: 'tcg',
      reason: 'forced by VFLAB_ACCEL',
    });
    expect(runs).toEqual([]);
  });

  it('kvm: probed anew, and unusable KVM is an error instead of a silent TCG', async () => {
    const { choose, runs } = chooser([dies, works, dies]);
    await choose();
    expect(await choose({ env: { VFLAB_ACCEL: 'kvm' } })).toMatchObject({ kind: 'kvm' });
    await expect(choose({ env: { VFLAB_ACCEL: 'kvm' } })).rejects.toThrow(
      expect.objectContaining({
        code: 'KVM_UNUSABLE',
        message: expect.stringContaining('failed to set MSR 0x10a'),
      }),
    );
    expect(runs).toHaveLength(3);
  });

  it('anything else is a mistake', async () => {
    await expect(chooser([]).choose({ env: { VFLAB_ACCEL: 'hvf' } })).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_ACCEL', message: 'VFLAB_ACCEL is "hvf"' }),
    );
  });
});
