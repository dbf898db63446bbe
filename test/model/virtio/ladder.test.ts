import { describe, expect, test } from 'vitest';
import { kernelFeatures, kernelVersion } from '../../../src/model/features.ts';
import { irqf, timerFlags } from '../../../src/model/genirq/flags.ts';
import type { Line } from '../../../src/model/genirq/sharing.ts';
import { freshSeed } from '../../../src/model/vector/seed.ts';
import { SimulatedMatrix } from '../../../src/model/vector/simulate.ts';
import { diskBehaviours, matrixLimits } from '../../../src/model/virtio/behaviour.ts';
import { predictDisks } from '../../../src/model/virtio/predict.ts';
import type { Disk, DiskMachine } from '../../../src/model/virtio/types.ts';

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const timer: Line = { irq: 0, actions: [{ name: 'timer', flags: timerFlags }] };

/** CPUs of each node; five interrupts in use besides the timer, ten reserved. */
function machine(kernel: string, sizes: readonly number[], lines: Line[] = [timer]): DiskMachine {
  const features = kernelFeatures(kernelVersion(kernel));
  let from = 0;
  const nodes = sizes.map((size) => {
    from += size;
    return range(size, from - size);
  });
  const possible = range(from);
  const matrix = new SimulatedMatrix(freshSeed({ ...matrixLimits(features), possible, online: possible }), {
    spreadsManaged: true,
  });
  for (let i = 0; i < 5; i += 1) matrix.alloc(possible, false);
  const [{ behaviour }] = diskBehaviours(features) as [ReturnType<typeof diskBehaviours>[0]];
  return {
    behaviour,
    present: possible,
    nodes,
    siblings: [],
    // As on any PC, more is reserved than is left in the end.
    matrix: { ...matrix.snapshot(), globalReserved: 10 },
    lines: new Map(lines.map((line) => [line.irq, line])),
  };
}

const disks = (count: number, disk: Partial<Disk> = {}): Disk[] =>
  range(count).map((i) => ({ name: `virtio${i + 1}`, queues: 1, irq: 22, ...disk }));

function ranges(of: ReturnType<typeof predictDisks>): string[] {
  const result: string[] = [];
  let from = 0;
  for (const { index, rung, errno } of of.disks) {
    const next = of.disks[index + 1];
    if (next?.rung === rung && next.errno === errno) continue;
    result.push(`${from}-${index} ${rung}${errno ?? ''}`);
    from = index + 1;
  }
  return result;
}

describe('the ladder, as it was climbed by real kernels', () => {
  test.each([
    ['6.1.170', [2], 1, 0, 140, ['0-131 each', '132-139 failed-28']],
    ['6.12.95', [2], 2, 0, 140, ['0-131 each', '132-139 failed-28']],
    ['6.1.170', [4], 1, 22, 170, ['0-158 each', '159-159 shared', '160-169 intx']],
    ['6.12.95', [4], 1, 22, 170, ['0-158 each', '159-159 shared-slow', '160-169 intx']],
    ['6.12.95', [4], 4, 22, 170, ['0-158 each', '159-159 shared', '160-169 intx']],
    ['6.1.170', [2, 2], 2, 22, 175, ['0-132 each', '133-174 shared']],
    ['4.18.0', [40, 40], 2, 0, 512, ['0-194 each', '195-333 shared', '334-511 failed-16']],
    ['6.1.170', [40, 40], 2, 0, 512, ['0-194 each', '195-333 shared', '334-511 failed-28']],
  ] as const)('%s, nodes of %j CPUs, %d queues, irq %d', (kernel, sizes, queues, irq, count, expected) => {
    expect(ranges(predictDisks(machine(kernel, sizes), disks(count, { queues, irq })))).toEqual(expected);
  });

  test('each disk takes one slot of every CPU and one more, whatever its queues', () => {
    for (const queues of [1, 2, 40])
      expect(predictDisks(machine('4.18.0', [40, 40]), disks(1, { queues })).disks[0]!.slots).toBe(81);
  });
});

describe('without a line to fall back to', () => {
  const last = (kernel: string, disk: Partial<Disk> = {}) =>
    predictDisks(machine(kernel, [1]), disks(120, { irq: 0, ...disk })).disks.at(-1)!;

  test('4.18 and 5.10 ask for irq 0, which is the timer', () => {
    for (const kernel of ['4.18.0', '5.10.262'])
      expect(last(kernel)).toMatchObject({
        rung: 'failed',
        errno: -16,
        messages: [
          'genirq: Flags mismatch irq 0. 00000080 (virtio120) vs. 00015a00 (timer)',
          'virtio_blk: probe of virtio120 failed with error -16',
        ],
      });
  });

  test('6.1 and later do not ask, and keep the error of the rung before', () => {
    expect(last('6.1.170')).toMatchObject({
      errno: -28,
      messages: ['virtio_blk: probe of virtio120 failed with error -28'],
    });
    const { attempts, messages } = last('6.12.95');
    expect(messages).toEqual(['virtio_blk virtio120: probe with driver virtio_blk failed with error -28']);
    expect(attempts.map(({ rung, errno }) => [rung, errno])).toEqual([
      ['each', -28],
      ['shared-slow', -28],
      ['shared', -28],
    ]);
  });

  test('a function without MSI-X fails otherwise', () => {
    expect(last('6.1.170', { tableSize: 0 }).errno).toBe(-22);
    expect(last('5.10.262', { tableSize: 0 }).errno).toBe(-16);
  });
});

describe('lines', () => {
  test('one that another driver does not share refuses', () => {
    const rtc: Line = { irq: 8, actions: [{ name: 'rtc0', flags: 0 }] };
    const [disk] = predictDisks(machine('6.1.170', [1], [rtc]), disks(1, { irq: 8, tableSize: 0 })).disks;
    expect(disk!.messages).toEqual([
      'genirq: Flags mismatch irq 8. 00000080 (virtio1) vs. 00000000 (rtc0)',
      'virtio_blk: probe of virtio1 failed with error -16',
    ]);
  });

  test('one that has a handler already costs no vector', () => {
    const shared: Line = { irq: 22, actions: [{ name: 'i801_smbus', flags: irqf.SHARED }] };
    const { disks: all } = predictDisks(machine('6.1.170', [1], [shared]), disks(2, { tableSize: 0 }));
    expect(all.map(({ rung, slots }) => [rung, slots])).toEqual([
      ['intx', 0],
      ['intx', 0],
    ]);
  });

  test('the first on a line takes its vector, the others join', () => {
    const { disks: all } = predictDisks(machine('6.1.170', [1]), disks(2, { tableSize: 0 }));
    expect(all.map(({ slots }) => slots)).toEqual([1, 0]);
  });
});

describe('what a table is too small for', () => {
  test.each([
    [3, 'each'],
    [2, 'shared'],
    [1, 'intx'],
  ] as const)('%d entries for two queues: %s', (tableSize, rung) => {
    const [disk] = predictDisks(machine('6.12.95', [4]), disks(1, { queues: 2, tableSize })).disks;
    expect(disk!.rung).toBe(rung);
  });

  test('4.18 asks for all queues, of which there may be more than CPUs', () => {
    const behaviour = { ...machine('4.18.0', [2]).behaviour, capsQueues: false };
    const [disk] = predictDisks({ ...machine('4.18.0', [2]), behaviour }, disks(1, { queues: 4 })).disks;
    expect(disk!.rung).toBe('shared');
    expect(disk!.attempts[0]!.why).toBe('4 queues for 2 possible CPUs');
  });
});

test('names and places of interrupts', () => {
  const [disk] = predictDisks(machine('6.1.170', [2]), disks(1, { queues: 2 })).disks;
  expect(disk!.irqs).toEqual([
    { name: 'virtio1-config', managed: false, affinity: [0, 1], cpu: 0, vector: 36 },
    { name: 'virtio1-req.0', managed: true, affinity: [0], cpu: 0, vector: 35 },
    { name: 'virtio1-req.1', managed: true, affinity: [1], cpu: 1, vector: 36 },
  ]);
});

test('a driver that does not ask for affinity takes a slot a vector', () => {
  const { disks: all, firstDegraded } = predictDisks(
    machine('4.18.0', [40, 40]),
    disks(512, { queues: 2, irq: 0, affinity: false }),
  );
  expect([all[0]!.slots, firstDegraded]).toEqual([3, undefined]);
});

describe('what a release does not tell', () => {
  test('every way is one alternative', () => {
    expect(diskBehaviours(kernelFeatures(kernelVersion('6.12.95')))).toHaveLength(1);
    const old = diskBehaviours(kernelFeatures(kernelVersion('4.18.0-305.el8.x86_64')));
    expect(old).toHaveLength(16);
    expect(new Set(old.map(({ behaviour }) => behaviour.spread.nodes))).toEqual(
      new Set(['by-size', 'even', 'first-nodes']),
    );
  });
});
