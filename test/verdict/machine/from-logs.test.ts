import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogReader } from '../../../src/verdict/machine/from-logs.ts';

function read(...lines: string[]) {
  const reader = new LogReader();
  for (const [i, line] of lines.entries()) reader.line(line, 'f', i + 1);
  const values = Object.entries(reader.facts).map(([key, fact]) => [key, fact.value]);
  return Object.fromEntries(values);
}

describe('what a line tells of a machine', () => {
  test.each([
    [
      '[    0.000000] Linux version 6.1.0-47-amd64 (x) #1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-01)',
      { release: '6.1.0-47-amd64', build: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-01)' },
    ],
    [
      'CPU: 20 PID: 5431 Comm: kworker/20:0 Kdump: loaded Tainted: G           OE    --------- -  - 4.18.0-305.el8.x86_64 #1',
      { release: '4.18.0-305.el8.x86_64' },
    ],
    ['smpboot: Allowing 80 CPUs, 0 hotplug CPUs', { possible: 80 }],
    ['[    0.1] CPU topo: Allowing 4 present CPUs plus 2 hotplug CPUs', { possible: 6 }],
    ['setup_percpu: NR_CPUS:8192 nr_cpumask_bits:16 nr_cpu_ids:16 nr_node_ids:1', { possible: 16 }],
    ['smp: Brought up 2 nodes, 80 CPUs', { nodes: 2, cpus: 80 }],
    ['  online_maps = 80,', { cpus: 80 }],
    ['           CPU0       CPU1       CPU2', { cpus: 3 }],
    ['virtio_blk virtio7: 4/0/0 default/read/poll queues', { queues: 4, lowest: 7, highest: 7 }],
    [' 118:   0  53  IR-PCI-MSI 94371841-edge      virtio3-req.1', { queues: 2, lowest: 3, highest: 3 }],
    ['1650:  0  120  IR-PCI-MSI 94369793-edge      virtio512-virtqueues', { lowest: 512, highest: 512 }],
    [
      '**genirq: Flags mismatch irq 0. 00000080 (virtio418) vs. 00015a00 (timer)**',
      { pinless: true, lowest: 418, highest: 418 },
    ],
    [
      'virtio_blk virtio9: probe with driver virtio_blk failed with error -28',
      { failure: { name: 'virtio9', errno: -28 }, lowest: 9, highest: 9 },
    ],
    ['genirq: Flags mismatch irq 16. 00000000 (vfio) vs. 00000080 (uhci)', {}],
    ['', {}],
  ])('%s', (line, facts) => expect(read(line)).toEqual(facts));

  test('other MSI vectors of /proc/interrupts, those of disks left out', () => {
    expect(
      read(
        '           CPU0       CPU1',
        '  0:         10          0   IO-APIC   2-edge      timer',
        ' 24:          0          0   PCI-MSI 49152-edge      PCIe PME',
        ' 25:          0          0   PCI-MSI 65536-edge      virtio3-config',
        ' 26:          0          0   PCI-MSI 65537-edge      virtio3-req.0',
        'NMI:          0          0   Non-maskable interrupts',
        ' 27: this is no longer the table',
      ),
    ).toMatchObject({ cpus: 2, others: 1, queues: 1 });
  });

  test('any text: never throws, and a line of megabytes takes no time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void read(text, `virtio${text}-req.1`)));
    const t0 = performance.now();
    for (const piece of ['CPU0 ', 'Comm: ', 'virtio1', '#1 SMP ', 'Linux version '])
      read(piece.repeat(500_000));
    expect(performance.now() - t0).toBeLessThan(2000);
  });
});
