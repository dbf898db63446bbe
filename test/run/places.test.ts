import { expect, it } from 'vitest';
import type { PciSlot } from '../../src/machine/spec.ts';
import { pciPath } from '../../src/run/places.ts';

const disk = (id: string) => ({ kind: 'virtio-blk' as const, id, sizeMiB: 1, queues: 1 });

const slots: PciSlot[] = [
  { slot: 3, ...disk('direct') },
  { slot: 4, kind: 'root-port', id: 'rp1', chassis: 1, child: { kind: 'vfio-pci', id: 'vf', host: 'x' } },
  {
    slot: 0x10,
    kind: 'root-port',
    id: 'rp2',
    chassis: 2,
    child: {
      kind: 'switch',
      id: 'up',
      downstream: [{ id: 'down1', chassis: 3, slot: 1, child: disk('behind') }],
    },
  },
  { slot: 5, kind: 'pci-bridge', id: 'br', chassis: 4, devices: [{ slot: 0x1f, ...disk('old') }] },
];

it.each([
  ['direct', '00:03.0'],
  ['rp1', '00:04.0'],
  ['vf', '00:04.0/00.0'],
  ['up', '00:10.0/00.0'],
  ['down1', '00:10.0/00.0/01.0'],
  ['behind', '00:10.0/00.0/01.0/00.0'],
  ['old', '00:05.0/1f.0'],
  ['nowhere', undefined],
])('%s is at %s', (id, path) => {
  expect(pciPath(slots, id)).toBe(path);
});
