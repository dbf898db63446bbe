import { describe, expect, test } from 'vitest';
import type { DiskPrediction } from '../../../src/model/virtio/types.ts';
import { compareDisks } from '../../../src/verdict/prediction/compare.ts';

const disk = (index: number, change: Partial<DiskPrediction>): DiskPrediction => ({
  index,
  name: `virtio${index + 1}`,
  rung: 'each',
  attempts: [],
  messages: [],
  irqs: [],
  slots: 0,
  available: 0,
  reserved: 0,
  allocated: 0,
  ...change,
});
const record = (name: string, driver: string | null, ...irqs: string[]) =>
  JSON.stringify({
    ...{ name, bdf: '0000:01:01.0', deviceId: 2, driver, block: null, irq: 22, pin: 1, msix: true },
    irqs: irqs.map((irq, i) => ({ irq: 30 + i, name: irq, affinity: '0', effective: '0' })),
  });
const failure = 'virtio_blk: probe of virtio4 failed with error -28';
const disks = [
  disk(0, { rung: 'shared-slow' }),
  disk(1, { rung: 'shared', messages: ['Interrupt reservation exceeds available resources'] }),
  disk(2, { rung: 'intx' }),
  disk(3, { rung: 'failed', errno: -28, messages: [failure] }),
];
const devices = [
  record('virtio1', 'virtio_blk', 'virtio1-config', 'virtio1-req.0'),
  record('virtio2', 'virtio_blk', 'virtio2-config', 'virtio2-virtqueues'),
  record('virtio3', 'virtio_blk', 'virtio3'),
  record('virtio4', null),
];
const dmesg = `[    1.000000] ${failure}\n`;

describe('a prediction and what was seen', () => {
  test('the same', () => {
    const all = compareDisks(disks, devices.join('\n'), dmesg);
    expect(all.map(({ same }) => same)).toEqual([true, true, true, true]);
    expect(all.map(({ seen }) => seen?.look)).toEqual(['queue', 'shared', 'line', 'none']);
  });
  test.each([
    [
      'another rung',
      [record('virtio1', 'virtio_blk', 'virtio1-config', 'virtio1-virtqueues'), ...devices.slice(1)],
      dmesg,
      0,
    ],
    ['a disk that is not there', devices.slice(1), dmesg, 0],
    ['no message', devices, '', 3],
    ['another error', devices, dmesg.replace('-28', '-16'), 3],
    [
      'one message more',
      devices,
      `${dmesg}[    2.000000] genirq: Flags mismatch irq 0. 00000080 (virtio4) vs. 00015a00 (timer)\n`,
      3,
    ],
  ])('%s', (_, lines, log, index) => {
    const all = compareDisks(disks, lines.join('\n'), log);
    expect(all.flatMap((one) => (one.same ? [] : [one.index]))).toEqual([index]);
  });
});
