import { describe, expect, test } from 'vitest';
import { kernelFeatures, kernelVersion } from '../../../src/model/features.ts';
import { type Description, forecasts } from '../../../src/model/virtio/description.ts';
import { rungRanges } from '../../../src/model/virtio/outlook.ts';
import { remedyOutlooks } from '../../../src/model/virtio/remedies.ts';

const machine: Description = {
  cpus: 4,
  possible: 4,
  nodes: 1,
  threads: 1,
  disks: 200,
  queues: 2,
  intx: 'pinless',
  affinity: true,
  firstNumber: 1,
  ports: 0,
  inUse: 3,
};
const features = (kernel: string) => kernelFeatures(kernelVersion(kernel));

describe('a machine in a dozen numbers', () => {
  test('a kernel that is known goes one way', () => {
    const ways = forecasts(machine, features('6.12.95'));
    expect(ways).toHaveLength(1);
    expect(rungRanges(ways[0]!.prediction.disks)).toEqual([
      { first: 0, last: 158, rung: 'each', slots: [5, 5] },
      { first: 159, last: 199, rung: 'failed', errno: -28, slots: [0, 0] },
    ]);
  });

  test('5.15: whether the guard was carried is not known, and decides the error', () => {
    const ways = forecasts(machine, features('5.15.0-91-generic'));
    expect(ways.map(({ prediction }) => prediction.disks.at(-1)!.errno)).toEqual([-28, -16]);
  });

  test('absent CPUs cost slots on every disk', () => {
    const [way] = forecasts({ ...machine, possible: 8 }, features('6.1.170'));
    expect(way!.prediction.disks[0]!.slots).toBe(5);
    const absent = way!.prediction.end.cpus.filter(({ online }) => !online);
    expect(absent.every(({ managedMap }) => managedMap.length === way!.prediction.firstDegraded)).toBe(true);
  });
});

describe('remedies', () => {
  const outlooks = (change: Partial<Description> = {}) => {
    const description = { ...machine, ...change };
    const kernel = features('6.1.170');
    const list = remedyOutlooks(description, kernel, forecasts(description, kernel)[0]!.behaviour);
    return Object.fromEntries(list.map((one) => [one.id, one]));
  };

  test('fewer queues buy nothing, another driver everything', () => {
    const { 'fewer-queues': fewer, 'no-affinity-hint': none, 'one-cpu-full': full } = outlooks();
    expect([fewer!.working, none!.working, full!.working]).toEqual([159, 200, 200]);
    expect([fewer!.best, none!.best, full!.best]).toEqual([159, 200, 0]);
  });

  test('unplugging gives back what one disk took, and one other works', () => {
    const { unplug } = outlooks();
    expect(unplug).toMatchObject({ unplugged: 41, working: 159 });
    expect(outlooks({ disks: 400 }).unplug!.unplugged).toBeUndefined();
    expect(outlooks({ disks: 100 }).unplug).toMatchObject({ unplugged: 0, working: 100 });
  });

  test('only what can be done', () => {
    expect(Object.keys(outlooks({ queues: 1, intx: 'routed' }))).toEqual([
      'no-affinity-hint',
      'one-cpu-full',
      'unplug',
    ]);
    expect(Object.keys(outlooks({ possible: 8, affinity: false }))).toContain('fewer-possible-cpus');
  });
});
