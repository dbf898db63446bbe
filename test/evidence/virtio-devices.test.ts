import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseVirtioDevices, type VirtioDeviceRecord } from '../../src/evidence/virtio-devices.ts';

const disk: VirtioDeviceRecord = {
  name: 'virtio3',
  bdf: '0000:01:05.0',
  deviceId: 2,
  driver: 'virtio_blk',
  block: 'vda',
  irq: 21,
  pin: 1,
  msix: true,
  irqs: [{ irq: 25, name: 'virtio3-config', affinity: '0-3', effective: '1' }],
};
const line = (change: object = {}) => JSON.stringify({ ...disk, ...change });

it('one device a line', () => {
  const failed = { ...disk, name: 'virtio160', driver: null, block: null, msix: false, irqs: [] };
  expect(parseVirtioDevices(`${line()}\n${JSON.stringify(failed)}\n`)).toEqual({
    devices: [disk, failed],
    broken: [],
  });
});

describe('hostile lines are named and left out', () => {
  it.each([
    ['cut', line().slice(0, -2)],
    ['no object', '3'],
    ['null', 'null'],
    ['another name', line({ name: 'eth0' })],
    ['a negative irq', line({ irq: -1 })],
    ['a fraction', line({ pin: 0.5 })],
    ['a driver that is no name', line({ driver: 7 })],
    ['irqs of something else', line({ irqs: [{ irq: '25' }] })],
    ['no irqs', line({ irqs: undefined })],
  ])('%s', (_, bad) => {
    expect(parseVirtioDevices(`${line()}\n${bad}\n${line()}`)).toEqual({
      devices: [disk, disk],
      broken: [2],
    });
  });
  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseVirtioDevices(text)));
  });
});
