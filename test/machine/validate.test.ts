import { describe, expect, it } from 'vitest';
import { qemuArgs } from '../../src/machine/args.ts';
import type { MachineSpec, PciSlot } from '../../src/machine/spec.ts';
import { bareSpec, fullTree, passthroughGuest, passthroughHost } from './specs.ts';

const disk = (id: string, slot: number, more: object = {}): PciSlot =>
  ({ slot, kind: 'virtio-blk', id, sizeMiB: 1, queues: 1, ...more }) as PciSlot;
const port = (id: string, slot: number, chassis: number, more: object = {}): PciSlot =>
  ({ slot, kind: 'root-port', id, chassis, ...more }) as PciSlot;
const pci = (...slots: PciSlot[]): Partial<MachineSpec> => ({ pci: slots });
const { control } = bareSpec();

describe('a spec that no machine can have is refused, with words', () => {
  it.each<[Partial<MachineSpec>, string]>([
    [{ name: 'a b' }, 'machine a b: the name may hold letters, digits, "_", "-" and "." only'],
    [{ cpus: 0 }, 'machine host: number of CPUs is 0, not 1..255'],
    [{ cpus: 1.5 }, 'machine host: number of CPUs is 1.5, not 1..255'],
    [{ memoryMiB: 8 }, 'machine host: memory in MiB is 8, not 16..1048576'],
    [{ quirks: ['vf-bar'] }, 'machine host: no quirk is called "vf-bar"'],
    [
      pci(disk('a', 5), disk('b', 5)),
      'machine host: "b" cannot be in slot 5.0 of the root bus: "a" is there',
    ],
    [
      pci(disk('a', 0x1e)),
      'machine host: "a" cannot be in slot 30.0 of the root bus: the control NIC is there',
    ],
    [pci(disk('a', 0)), 'machine host: slot of "a" on the root bus is 0, not 1..30'],
    [pci(disk('a', 31)), 'machine host: slot of "a" on the root bus is 31, not 1..30'],
    [pci(disk('a', 5), disk('b', 5, { function: 8 })), 'machine host: function of "b" is 8, not 0..7'],
    [
      pci(disk('a', 5, { function: 1 })),
      'machine host: "a" is function 1 of slot 5, which has no function 0: unseen',
    ],
    [pci(disk('a', 5), disk('a', 6)), 'machine host: the id "a" is used twice'],
    [pci(disk('1a', 5)), 'machine host: "1a" is no id: a letter, then letters, digits, "_", "-", "."'],
    [
      pci(disk('a,bus=x', 5)),
      'machine host: "a,bus=x" is no id: a letter, then letters, digits, "_", "-", "."',
    ],
    [pci(port('p', 4, 0)), 'machine host: chassis of "p" is 0, not 1..255'],
    [pci(port('p', 4, 1), port('q', 5, 1)), 'machine host: "q" and "p" have the same chassis 1'],
    [
      pci({ slot: 4, kind: 'switch', id: 'sw', downstream: [] }),
      'machine host: switch "sw" must be below a root port or a switch',
    ],
    [
      pci(port('p', 4, 1, { child: { kind: 'root-port', id: 'q', chassis: 2 } })),
      'machine host: root port "q" must be on the root bus',
    ],
    [
      pci(port('p', 4, 1, { child: { kind: 'pci-bridge', id: 'b', chassis: 2, devices: [] } })),
      'machine host: pci-bridge "b" must be on the root bus',
    ],
    [
      pci(
        port('p', 4, 1, {
          child: {
            kind: 'switch',
            id: 'sw',
            downstream: [
              { id: 'l0', chassis: 2, slot: 3 },
              { id: 'l1', chassis: 3, slot: 3 },
            ],
          },
        }),
      ),
      'machine host: "l1" cannot be in slot 3.0 of "sw": "l0" is there',
    ],
    [
      pci({
        slot: 4,
        kind: 'pci-bridge',
        id: 'b',
        chassis: 1,
        devices: [{ slot: 0, kind: 'virtio-blk', id: 'a', sizeMiB: 1, queues: 1 }],
      }),
      'machine host: slot of "a" on "b" is 0, not 1..31',
    ],
    [
      pci({ slot: 4, kind: 'nvme', id: 'n', serial: 's', maxVfs: 128, sizeMiB: 1 }),
      'machine host: maxVfs of "n" is 128, not 0..127',
    ],
    [
      pci({ slot: 4, kind: 'nvme', id: 'n', serial: 'a,b', maxVfs: 0, sizeMiB: 1 }),
      'machine host: serial "a,b" of "n" is not 1..20 letters',
    ],
    [pci(disk('a', 4, { sizeMiB: 0 })), 'machine host: sizeMiB of "a" is 0, not 1..16777216'],
    [pci(disk('a', 4, { queues: 0 })), 'machine host: queues of "a" is 0, not 1..1024'],
    [
      pci({ slot: 4, kind: 'igb', id: 'n', network: '10.0.2.0' }),
      'machine host: network "10.0.2.0" of "n" is not like 10.0.2.0/24',
    ],
    [
      pci({ slot: 4, kind: 'vfio-pci', id: 'v', host: '01:10.2' }),
      'machine host: "01:10.2" of "v" is not a PCI address like 0000:01:10.2',
    ],
    [{ control: { ...control, mac: 'x' } }, 'machine host: "x" is no MAC address'],
    [
      { control: { ...control, hostPort: 65536 } },
      'machine host: port of the control NIC is 65536, not 0..65535',
    ],
    [
      { iommu: { kind: 'virtio', interruptRemapping: true } },
      'machine host: virtio-iommu cannot remap interrupts: use intel or amd, or interruptRemapping: false',
    ],
    [
      { iommu: { kind: 'amd', interruptRemapping: true }, ...pci(disk('a', 1)) },
      'machine host: "a" cannot be in slot 1.0 of the root bus: amd-iommu is there',
    ],
    [
      { iommu: { kind: 'virtio', interruptRemapping: false, slot: 0x1e } },
      'machine host: control NIC and virtio-iommu are both in slot 30',
    ],
  ])('%j', (change, message) => {
    const build = () => qemuArgs(bareSpec(change), { accel: 'tcg' });
    expect(build).toThrow(expect.objectContaining({ name: 'UsageError', code: 'BAD_MACHINE', message }));
  });
});

describe('what is allowed stays allowed', () => {
  it.each([passthroughHost(), passthroughGuest(), fullTree()])('$name', (spec) => {
    expect(qemuArgs(spec, { accel: 'tcg' })).not.toEqual([]);
  });

  it('a PCI address that the plan does not know yet', () => {
    const spec = bareSpec(pci({ slot: 4, kind: 'vfio-pci', id: 'v', host: '{bdf:nic0.vf1}' }));
    expect(qemuArgs(spec, { accel: 'kvm' }).join(' ')).toContain('host={bdf:nic0.vf1}');
  });
});
