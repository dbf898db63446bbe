/** The account of the slots and the table of the variants, as they are printed. */
import { expect, test } from 'vitest';
import { styleFor } from '../../src/report/colour.ts';
import { disksTable } from '../../src/report/disks-text.ts';
import { slotsText } from '../../src/report/slots-text.ts';
import type { DisksAccount } from '../../src/verdict/failures/virtio-blk-probe-failed/account.ts';
import { variantResult } from './sample.ts';

const style = styleFor(false);

function accountOf(cpuCount: number): DisksAccount {
  const cpus = Array.from({ length: cpuCount }, (_, cpu) => ({
    cpu,
    online: cpu !== 2,
    managedIdle: 79 - (cpu % 2),
    managedRunning: 78 + (cpu % 2),
    ordinary: 44,
    free: 0,
  }));
  return {
    moments: [
      {
        moment: 'after-disks',
        matrix: {
          onlineMaps: cpuCount,
          globalAvailable: 0,
          globalReserved: 13,
          totalAllocated: 490,
          slotsPerCpu: 201,
          total: { managedIdle: 314, managedRunning: 314, ordinary: 176, free: 0 },
          cpus,
          source: 'trace',
        },
        holders: [
          { names: 'virtio1 to virtio157', disks: 157, rung: 'each', managed: 4, ordinary: 1, vectors: 3 },
          { names: 'virtio158', disks: 1, rung: 'failed -28 (ENOSPC)' },
        ],
        others: { managed: 0, ordinary: 15 },
      },
    ],
    outcome: {
      disks: 176,
      working: 159,
      shared: 2,
      intx: 0,
      failed: 17,
      slotsLeft: 0,
      allocated: 490,
      costs: ['2 queues a disk for 4 CPUs', '5 slots a disk'],
    },
  };
}

test('every slot of every CPU, and who holds it', () => {
  expect(slotsText(accountOf(3), { style, all: false }).join('\n')).toMatchInlineSnapshot(`
    "  The vector matrix: 201 slots on each of 3 CPUs, 603 in all
                                          after-disks
        online_maps                                 3
        global_available                            0
        global_reserved                            13
        total_allocated                           490
        slots reserved, managed and idle          314
        slots managed and running                 314
        slots of other interrupts                 176
        slots free                                  0

      By CPU, after-disks
        CPU          reserved, idle  managed, running  other  free
        0                        79                78     44     0
        1                        78                79     44     0
        2 (offline)              79                78     44     0

      By disk, after-disks, slots of each
                              disks  rung                 managed  other  vectors in use
        virtio1 to virtio157    157  each                       4      1               3
        virtio158                 1  failed -28 (ENOSPC)        ?      ?               ?
        all else                                                0     15"
  `);
});

test('of many CPUs the least and the most, unless all are asked for', () => {
  const short = slotsText(accountOf(80), { style, all: false });
  expect(short).toContain('    the least              78                78     44     0');
  expect(short.length).toBeLessThan(25);
  expect(slotsText(accountOf(80), { style, all: true }).length).toBeGreaterThan(90);
});

test('a matrix that is not known is said to be so', () => {
  const { outcome } = accountOf(1);
  expect(slotsText({ moments: [], outcome }, { style, all: false })).toEqual([
    '  The vector matrix is not known.',
  ]);
});

test('the variants side by side', () => {
  const { slotsLeft, allocated, ...blind } = accountOf(4).outcome;
  expect(slotsLeft! + allocated!).toBe(490);
  const variants = [
    variantResult({ id: '6.12+cold', disks: accountOf(4) }),
    variantResult({ id: '6.12+fits', repetition: 2, disks: { moments: [], outcome: blind } }),
    variantResult({ id: '6.12+none' }),
  ];
  expect(disksTable(variants, style).join('\n')).toMatchInlineSnapshot(`
    "Variant       Disks  Work  Shared  INTx  Fail  Slots left  Allocated  What it costs
    6.12+cold       176   159       2     0    17           0        490  2 queues a disk for 4 CPUs; 5 slots a disk
    6.12+fits #2    176   159       2     0    17           ?          ?  2 queues a disk for 4 CPUs; 5 slots a disk"
  `);
  expect(disksTable([variantResult()], style)).toEqual([]);
});
