import { expect, test } from 'vitest';
import { parseInventory } from '../../src/evidence/inventory.ts';

const text = `F|0000:02:00.0|nvme|6|27 28|16384
F|0000:00:04.0||2||4096 2097152
S|1|0000:02:00|1
G|6|0000:02:00.0 0000:02:10.0
G|7|
V|6
I|27|nvme0q0
I|24|PCIe PME,aerdrv,pciehp
I|6|
B|nvme0n1
N|eth0
M|nvme|1
R|iomem|60400000-60403fff|0000:02:00.0
Q|vm0|anon_inode:[eventfd]|12
T|66|irq/25-pciehp|blk_mq_freeze_queue_wait+0x9f/0xd0 del_gendisk+0x232/0x330
END
`;

test('one thing a line, each with its line', () => {
  expect(parseInventory(text)).toEqual({
    functions: [
      { line: 1, bdf: '0000:02:00.0', driver: 'nvme', group: '6', irqs: [27, 28], bars: [16384] },
      { line: 2, bdf: '0000:00:04.0', group: '2', irqs: [], bars: [4096, 2097152] },
    ],
    slots: [{ line: 3, name: '1', address: '0000:02:00', power: 1 }],
    groups: [
      { line: 4, id: '6', members: ['0000:02:00.0', '0000:02:10.0'] },
      { line: 5, id: '7', members: [] },
    ],
    vfio: [{ line: 6, name: '6' }],
    irqs: [
      { line: 7, irq: 27, names: ['nvme0q0'] },
      { line: 8, irq: 24, names: ['PCIe PME', 'aerdrv', 'pciehp'] },
      { line: 9, irq: 6, names: [] },
    ],
    blocks: [{ line: 10, name: 'nvme0n1' }],
    nets: [{ line: 11, name: 'eth0' }],
    modules: [{ line: 12, name: 'nvme', users: 1 }],
    resources: [{ line: 13, space: 'iomem', range: '60400000-60403fff', name: '0000:02:00.0' }],
    files: [{ line: 14, guest: 'vm0', to: 'anon_inode:[eventfd]', count: 12 }],
    waiting: [
      {
        line: 15,
        pid: 66,
        name: 'irq/25-pciehp',
        stack: 'blk_mq_freeze_queue_wait+0x9f/0xd0 del_gendisk+0x232/0x330',
      },
    ],
    whole: true,
  });
});

test('a cut one is not whole, and no line of it is a reason to throw', () => {
  for (let length = 0; length < text.length - 1; length += 7)
    expect(parseInventory(text.slice(0, length)).whole).toBe(false);
  expect(parseInventory('F\nX|y\n|\nT|x\nEND').whole).toBe(true);
});
