/** What real kernels did with many disks, replayed against the model: each disk, each message, each event. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { comparePoint } from '../../../conformance/grid/compare.ts';
import { counted, type GridRecording, runs } from '../../../conformance/grid/recording.ts';

const folder = join(import.meta.dirname, '../../fixtures/grid');
const recordings = readdirSync(folder).map(
  (name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as GridRecording] as const,
);

describe.each(recordings)('%s', (_, recording) => {
  test.each(recording.points.map((point) => [point.name, point] as const))('%s', (_name, point) => {
    expect(comparePoint(recording, point).differences).toEqual([]);
  });
});

test('the recordings are the grid: kernels, CPUs, queues, nodes, and disks that fail', () => {
  const points = recordings.flatMap(([name, { nodes, points }]) =>
    points.map(({ queues, seen }) => ({ name, nodes: nodes.length, queues, seen: seen.join() })),
  );
  const some = (test: (point: (typeof points)[number]) => boolean) =>
    expect(points.filter(test).length).toBeGreaterThan(0);
  for (const machine of ['1-cpu', '4-cpus', '16-cpus', '6-cpus-3-nodes'])
    some(({ name }) => name === `6.1-${machine}.json`);
  for (const kernel of ['6.1-', '6.12-'])
    some(({ name, seen }) => name.startsWith(kernel) && seen.includes('none -28'));
  for (const machine of ['1-cpu', '2-cpus', '4-cpus', '4-cpus-2-nodes'])
    some(({ name }) => name === `6.12-${machine}.json`);
  for (const nodes of [1, 2, 3]) some((point) => point.nodes === nodes);
  for (const queues of [1, 2, 3, 4, 5, 6, 8]) some((point) => point.queues === queues);
});

describe('the comparison can fail', () => {
  const [, recording] = recordings.find(([name]) => name === '6.1-4-cpus-2-nodes.json')!;
  const point = recording.points.at(-1)!;
  test.each([
    ['a rung', { seen: [...point.seen.slice(1)] }],
    ['a message', { said: point.said.slice(1) }],
    ['a mask', { masks: point.masks.toReversed() }],
    ['an event', { events: { ...point.events, sha256: point.events.sha256.replace(/^./, 'x') } }],
    ['a total', { after: [point.after[0] + 1, point.after[1], point.after[2]] as [number, number, number] }],
    [
      'a bit held before',
      {
        before: {
          ...point.before,
          cpus: point.before.cpus.map((cpu) => [...cpu.slice(0, 3), '40', ''] as typeof cpu),
        },
      },
    ],
    ['a line', { irqs: point.irqs.map(() => 0) }],
  ])('%s', (_, change) => {
    expect(comparePoint(recording, { ...point, ...change }).differences).not.toEqual([]);
  });
});

describe('small parts', () => {
  test('runs of equal words, and of messages', () => {
    expect(runs(['a', 'a', 'b'])).toEqual(['a 0-1', 'b 2']);
    expect(counted(['probe of virtio3 failed', 'probe of virtio4 failed', 'x'])).toEqual([
      '2 × probe of virtio# failed',
      '1 × x',
    ]);
  });
});
