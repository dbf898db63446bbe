/** Specs for the tests of this room. */
import type { MachineSpec } from '../../src/machine/spec.ts';

/** A machine with nothing but a control NIC and firmware. */
export function bareSpec(change: Partial<MachineSpec> = {}): MachineSpec {
  return {
    name: 'host',
    cpus: 2,
    memoryMiB: 256,
    nested: false,
    nativeHotplug: false,
    kernel: '',
    initrd: '',
    cmdline: [],
    pci: [],
    control: { slot: 0x1e, mac: '52:54:00:fe:00:01', address: '10.0.3.15/24', hostPort: 0 },
    quirks: [],
    ...change,
  };
}

/** The host of a passthrough lab. */
export function passthroughHost(): MachineSpec {
  return bareSpec({
    memoryMiB: 1536,
    nested: true,
    iommu: { kind: 'intel', interruptRemapping: true },
    nativeHotplug: true,
    kernel: '/cache/vmlinuz',
    initrd: '/cache/initrd',
    cmdline: ['console=ttyS0', 'intel_iommu=on'],
    pci: [
      {
        slot: 4,
        kind: 'root-port',
        id: 'rp1',
        chassis: 1,
        child: { kind: 'igb', id: 'nic0', network: '10.0.2.0/24' },
      },
    ],
  });
}

/** The guest of a passthrough lab, run inside the host. */
export function passthroughGuest(): MachineSpec {
  return bareSpec({
    name: 'vm1',
    cpus: 1,
    nativeHotplug: true,
    kernel: '/guest/vmlinuz',
    initrd: '/guest/initrd',
    cmdline: ['console=ttyS0'],
    pci: [
      {
        slot: 4,
        kind: 'root-port',
        id: 'r0',
        chassis: 1,
        child: { kind: 'vfio-pci', id: 'nic0-vf1', host: '0000:01:10.2' },
      },
    ],
    control: { slot: 0x1e, mac: '52:54:00:fe:01:00', address: '10.0.4.15/24', hostPort: 2201 },
  });
}

/** One of everything that a PCI tree can hold. */
export function fullTree(): MachineSpec {
  return bareSpec({
    iommu: { kind: 'intel', interruptRemapping: true, cachingMode: true },
    nativeHotplug: true,
    pci: [
      {
        slot: 3,
        kind: 'root-port',
        id: 'rp1',
        chassis: 1,
        linkSpeed: '16',
        child: {
          kind: 'switch',
          id: 'sw',
          downstream: [
            {
              id: 'leg0',
              chassis: 2,
              slot: 0,
              child: { kind: 'nvme', id: 'nv0', serial: 'vflab', maxVfs: 2, sizeMiB: 16 },
            },
            { id: 'leg1', chassis: 3, slot: 1 },
          ],
        },
      },
      {
        slot: 4,
        kind: 'pci-bridge',
        id: 'br0',
        chassis: 4,
        devices: [
          { slot: 1, kind: 'virtio-blk', id: 'vd0', sizeMiB: 16, queues: 1 },
          { slot: 31, kind: 'virtio-blk', id: 'vd1', sizeMiB: 16, queues: 2 },
        ],
      },
      { slot: 5, kind: 'virtio-net', id: 'nic1', network: '10.0.5.0/24', mac: '52:54:00:00:00:05' },
      { slot: 5, function: 1, kind: 'virtio-blk', id: 'vd2', sizeMiB: 16, queues: 1 },
      { slot: 6, kind: 'nvme', id: 'nv1', serial: 'plain', maxVfs: 0, sizeMiB: 16 },
    ],
  });
}
