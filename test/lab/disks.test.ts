import { expect, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import type { VariantPlan } from '../../src/lab/plan.ts';
import { vectorTraceWords } from '../../src/lab/vector-trace.ts';
import { qemuArgs } from '../../src/machine/args.ts';
import { allDevices } from '../../src/machine/topology.ts';
import { labOf, problemsIn } from './load.ts';

const text = `title: Disks
failure: virtio-blk-probe-failed
host:
  cpus: 4
  disks: { count: 40, queues: 2 }
remedies:
  one-queue: { host: { disks: { queues: 1 } } }
  away: { after: [{ unplugDisks: 3 }, { probeDisksAgain: true }] }
variants:
  cold: { expect: { verdict: reproduced } }
  hot: { host: { disks: { plug: hot, intx: pinless } }, expect: { verdict: reproduced } }
  one-queue: { remedy: one-queue, expect: { verdict: reproduced, remedy: no-effect } }
  away: { remedy: away, expect: { verdict: reproduced, remedy: cured } }
  large: { onDemand: true, host: { cpus: 80, numaNodes: 2, disks: { count: 512 } }, expect: { verdict: reproduced } }
`;
const textWith = (from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`no ${from}`);
  return text.replace(from, () => to);
};

function planOf(id: string): VariantPlan {
  const result = makePlan(labOf(text), { name: 'x', file: 'x.yaml', selection: { variant: [id] } });
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.plan.variants[0]!;
}

const actions = (id: string) =>
  planOf(id).phases.map(({ name, actions }) => [name, actions.map((a) => a.do)]);

test('cold: 31 disks a bridge, all on one backend, probed by loading their driver', () => {
  const { host, disks } = planOf('cold');
  expect(disks).toEqual({ count: 40, queues: 2, plug: 'cold', intx: 'routed' });
  expect(host.spec.pci.map((slot) => (slot.kind === 'pci-bridge' ? slot.devices.length : slot.kind))).toEqual(
    [31, 9],
  );
  const args = qemuArgs(host.spec, { accel: 'tcg' });
  expect(args.filter((word) => word.startsWith('driver=null-co'))).toHaveLength(1);
  expect(args).toContain(
    'virtio-blk-pci,id=disk39,drive=null0,share-rw=on,num-queues=2,disable-legacy=on,bus=bridge1,addr=9',
  );
  expect(host.spec.cmdline).toEqual(
    expect.arrayContaining([...vectorTraceWords(2, false), 'log_buf_len=8M']),
  );
  expect(host.spec.cmdline).not.toContain('acpi=noirq');
  expect(actions('cold')).toEqual([
    ['boot-host', ['boot-host', 'load-modules']],
    ['check-before', ['snapshot']],
    ['disks', ['load-disk-driver']],
    ['observe', ['snapshot', 'read-disks']],
    ['collect', ['collect']],
  ]);
});

test('hot: a port each, eight a slot, and no disk at the start', () => {
  const { host } = planOf('hot');
  expect(allDevices(host.spec)).toEqual([]);
  expect(host.spec.pci.slice(7, 10).map(({ slot, function: fn }) => [slot, fn])).toEqual([
    [4, 7],
    [5, 0],
    [5, 1],
  ]);
  expect(host.spec.cmdline).toContain('acpi=noirq');
  expect(() => qemuArgs(host.spec, { accel: 'tcg' })).not.toThrow();
  expect(Object.fromEntries(actions('hot')).disks).toEqual(['load-disk-driver', 'plug-disks']);
});

test('a remedy changes the host, or acts after the failure', () => {
  expect(planOf('one-queue').disks!.queues).toBe(1);
  expect(actions('away').slice(-3)).toEqual([
    ['remedy-after', ['unplug-disks', 'probe-disks-again']],
    ['check-after', ['snapshot', 'read-disks']],
    ['collect', ['collect']],
  ]);
});

test('a variant that runs on demand is left out unless named, and is as large as it says', () => {
  const all = makePlan(labOf(text), { name: 'x', file: 'x.yaml' });
  expect(all.ok && all.plan.variants.map((v) => v.axes.variant)).toEqual([
    'cold',
    'hot',
    'one-queue',
    'away',
  ]);
  const args = qemuArgs(planOf('large').host.spec, { accel: 'tcg' });
  expect(args).toEqual(
    expect.arrayContaining([
      '80',
      'node,nodeid=0,cpus=0-39,memdev=node0',
      'node,nodeid=1,cpus=40-79,memdev=node1',
    ]),
  );
});

test.each([
  ['  disks: { count: 40, queues: 2 }\n', '', '2:10: failure: this lab has no host.disks'],
  [
    'plug: hot,',
    'plug: hot, count: 300,',
    '11:45: variants.hot.host.disks.count: hot: there is room for 200 hot',
  ],
  [
    'plug: hot, ',
    '',
    '11:33: variants.hot.host.disks.intx: hot: the firmware gives every disk that is there at',
  ],
  [
    'cpus: 80, ',
    'cpus: 1, ',
    '14:56: variants.large.host.numaNodes: large: 2 nodes need as many CPUs, and there',
  ],
  ['Disks: 3', 'Disks: 41', '8:18: remedies.away.after: away: 41 disks cannot be unplugged, there are 40'],
  [
    'remedies:',
    'guests: { vm0: {} }\nremedies:',
    '5:3: host.disks: a lab is about many disks or about guests',
  ],
  ['count: 40', 'count: 0', '5:19: host.disks.count: must be at least 1'],
  [
    'plug: hot',
    'plug: warm',
    '11:33: variants.hot.host.disks.plug: "warm" is not known: must be one of cold, hot',
  ],
  [
    '{ cpus: 80',
    '{ ports: {}, cpus: 80',
    '14:36: variants.large.host.ports: unknown key; known: cpus, memoryMiB',
  ],
])('%j → %j does not fit', (from, to, complaint) => {
  expect(problemsIn(textWith(from, to)).split('\n')[0]).toContain(`labs/x.yaml:${complaint}`);
});

test('nothing is said about disks where there are none', () => {
  const problems = problemsIn(textWith('  disks: { count: 40, queues: 2 }\n', ''));
  expect(problems.match(/this lab has no host\.disks/g)).toHaveLength(6);
});
