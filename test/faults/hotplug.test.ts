import { describe, expect, test } from 'vitest';
import { proveCycle } from '../../src/faults/hotplug/prove.ts';
import { HotplugFault } from '../../src/faults/hotplug/schema.ts';
import { powerOffCommand, pullCommand } from '../../src/faults/hotplug/slot.ts';
import { proveVfs } from '../../src/faults/sriov/prove.ts';

const fault = HotplugFault.parse({ kind: 'hotplug', port: 'slot1', device: 'igb', vfs: 2 });
const cycle = { way: 'button', card: '0000:02:00.0', vfs: 2, deleted: true, rested: true } as const;

describe('a cycle is proved', () => {
  test('by a driver that had the device, its VFs, and QEMU that let it go', () => {
    expect(proveCycle(fault, cycle)).toEqual({
      proved: true,
      because: ['a driver had 0000:02:00.0', '2 of 2 VFs were there', 'QEMU let it go (button)'],
    });
  });

  test('also where the slot did not come to rest: that is what the verdict is about', () => {
    expect(proveCycle(fault, { ...cycle, rested: false }).proved).toBe(true);
  });

  test('where it was pulled: by its empty seat, also when QEMU keeps the object of a busy nvme', () => {
    const pulled = { ...cycle, way: 'surprise', seatEmpty: true, deleted: false } as const;
    expect(proveCycle(fault, pulled).proved).toBe(true);
    expect(proveCycle(fault, { ...pulled, seatEmpty: false, deleted: true }).proved).toBe(false);
  });

  test.each([
    ['no driver', { card: undefined }],
    ['a VF too few', { vfs: 1 }],
    ['QEMU kept it', { deleted: false }],
  ])('not with %s', (_, lacking) => expect(proveCycle(fault, { ...cycle, ...lacking }).proved).toBe(false));
});

test.each([
  [3, 3, true],
  [3, 2, false],
  [1, Number.NaN, false],
])('%d VFs wanted, %d driven: %s', (wanted, driven, proved) =>
  expect(proveVfs({ wanted, driven, left: 0 }).proved).toBe(proved),
);

describe('the port’s registers and the slot', () => {
  test('PCC and PIC go off with the interrupt held back, then power is on again', () => {
    // PCI_EXP_SLTCTL: HPIE 0x20, PIC 0x300 (off 0x300, on 0x100), PCC 0x400.
    expect(pullCommand('0000:00:04.0')).toBe(
      'taskset -c 0 setpci -s 0000:00:04.0 CAP_EXP+18.w=0700:0720 CAP_EXP+18.w=0120:0720',
    );
  });

  test('the interrupt of a disk that is read is held back until a request is in flight', () => {
    const [off, wait, on] = pullCommand('0000:00:04.0', '0000:07:00.0').split(/; (?=for|taskset)/);
    expect(off).toBe('taskset -c 0 setpci -s 0000:00:04.0 CAP_EXP+18.w=0700:0720');
    expect(wait).toContain('/sys/bus/pci/devices/0000:07:00.0/virtio*/block/*/inflight');
    expect(on).toBe('taskset -c 0 setpci -s 0000:00:04.0 CAP_EXP+18.w=0120:0720');
  });

  test('a slot has the address of its device, without the function', () => {
    expect(powerOffCommand('0000:02:00.0')).toContain('[ $a = 0000:02:00 ]');
  });
});
