import { expect, it } from 'vitest';
import { parseVirtioListing } from '../../src/guest/virtio.ts';

/** 64 bytes of configuration space, with the pin at 0x3d. */
const config = (pin: string) =>
  `C|${Array.from({ length: 64 }, (_, i) => (i === 0x3d ? pin : '00')).join(' ')}`;

it('devices by index, each with its interrupts by number', () => {
  const devices = parseVirtioListing(
    [
      'D|virtio10|0000:01:0b.0|0x0002|||21|0',
      'D|virtio2|0000:01:03.0|0x0002|virtio_blk|vda|0|1',
      config('01'),
      config('00'),
      'I|27|virtio2-req.0|0-1|1',
      'I|26|virtio2-config|0-3|3',
      'I|21|virtio10|0-3|0',
      'I|99|virtio77-config|0-3|0',
      '',
    ].join('\n'),
  );
  expect(devices).toEqual([
    {
      ...{ name: 'virtio2', bdf: '0000:01:03.0', deviceId: 2, driver: 'virtio_blk', block: 'vda' },
      ...{ irq: 0, pin: 0, msix: true },
      irqs: [
        { irq: 26, name: 'virtio2-config', affinity: '0-3', effective: '3' },
        { irq: 27, name: 'virtio2-req.0', affinity: '0-1', effective: '1' },
      ],
    },
    {
      ...{ name: 'virtio10', bdf: '0000:01:0b.0', deviceId: 2, driver: null, block: null },
      ...{ irq: 21, pin: 1, msix: false },
      irqs: [{ irq: 21, name: 'virtio10', affinity: '0-3', effective: '0' }],
    },
  ]);
});

it('a machine without virtio devices', () => {
  expect(parseVirtioListing('')).toEqual([]);
});
