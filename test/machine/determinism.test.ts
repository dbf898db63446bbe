/** What a deterministic machine is started with, and what cannot be one, or cannot be saved. */
import { describe, expect, it } from 'vitest';
import { qemuArgs } from '../../src/machine/args.ts';
import { quirksAvoided } from '../../src/machine/quirks.ts';
import { refuseUnsavable, refuseVfs } from '../../src/machine/snapshot.ts';
import type { MachineSpec, PciSlot } from '../../src/machine/spec.ts';
import { bareSpec, fullTree, passthroughGuest, passthroughHost } from './specs.ts';

const deterministic = { seed: 42, shift: 2 };
const igb: PciSlot = { slot: 4, kind: 'igb', id: 'nic0', network: '10.0.2.0/24' };
const refusal = (spec: Partial<MachineSpec>, accel: 'tcg' | 'kvm' = 'tcg') => {
  try {
    qemuArgs(bareSpec({ deterministic, ...spec }), { accel });
    return undefined;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
};

describe('a deterministic machine', () => {
  it('counts instructions in one thread, with its own seed and clock', () => {
    const args = qemuArgs(bareSpec({ deterministic, pci: [igb] }), { accel: 'tcg' }).join(' ');
    expect(args).toContain('-accel tcg,thread=single -icount shift=2,sleep=off -seed 42');
    expect(args).toContain('-rtc base=2026-01-01T00:00:00,clock=vm');
    // A socket that is full would have the serial port try again when the main loop gets to it.
    expect(args).toContain('-chardev file,id=serial0,path=/dev/fd/3');
    expect(quirksAvoided(bareSpec({ deterministic }), 'tcg')).not.toContain('tcg-single-thread-nested-hang');
    expect(qemuArgs(bareSpec(), { accel: 'tcg' }).join(' ')).not.toMatch(
      /icount|-seed|-rtc|thread=single|chardev file/,
    );
  });

  it('has no guests, no disks, and no KVM; each refusal says why', () => {
    expect(refusal({})).toBeUndefined();
    expect(refusal({ pci: [igb] })).toBeUndefined();
    expect(refusal({ nested: true })).toMatch(
      /^NOT_DETERMINISTIC: machine host .* it runs guests \(quirk tcg-single-thread-nested-hang: /,
    );
    expect(refusal({ pci: fullTree().pci })).toMatch(/^NOT_DETERMINISTIC: .*\(quirk icount-block-io: /);
    expect(refusal({}, 'kvm')).toMatch(/^NOT_DETERMINISTIC: .*TCG only/);
    expect(refusal({ deterministic: { seed: -1, shift: 2 } })).toMatch(/^BAD_MACHINE: .*seed is -1/);
    expect(refusal({ deterministic: { seed: 1, shift: 11 } })).toMatch(/^BAD_MACHINE: .*shift is 11/);
  });

  it('has no more words for its kernel than that reads', () => {
    expect(refusal({ cmdline: ['x'.repeat(2047)] })).toBeUndefined();
    expect(refusal({ cmdline: ['x'.repeat(2040), 'y'.repeat(7)] })).toMatch(
      /^BAD_MACHINE: .*2048 characters/,
    );
  });
});

describe('a snapshot', () => {
  const reason = (spec: MachineSpec) => {
    try {
      refuseUnsavable(spec);
      return undefined;
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  };

  it('is refused where it would lose something', () => {
    expect(reason(bareSpec({ pci: [igb] }))).toBeUndefined();
    expect(reason(passthroughHost())).toBeUndefined();
    const nvme: PciSlot = { slot: 5, kind: 'nvme', id: 'nv0', serial: 'x', maxVfs: 0, sizeMiB: 1 };
    expect(reason(bareSpec({ pci: [nvme] }))).toMatch(/^SNAPSHOT_REFUSED: .*"nv0" \(quirk nvme-no-migration/);
    expect(reason(passthroughGuest())).toMatch(/^SNAPSHOT_REFUSED: .*passed through/);
    expect(reason(bareSpec({ numaNodes: 2 }))).toMatch(/^SNAPSHOT_REFUSED: .*NUMA/);
    expect(refuseVfs(bareSpec()).message).toContain('quirk igbvf-no-migration-state');
  });

  it('has its memory in a file, shared by the one that is saved, and private to those that go on', () => {
    const args = (shared: boolean) =>
      qemuArgs(bareSpec(), { accel: 'tcg', memory: { file: '/c/a,b', shared } }).join(' ');
    expect(args(true)).toContain('-machine q35,memory-backend=ram0');
    expect(args(true)).toContain('memory-backend-file,id=ram0,size=256M,mem-path=/c/a,,b,share=on');
    expect(args(false)).toContain('share=off');
  });
});
