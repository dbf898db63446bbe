/** A machine recorded and held against the model, live: the recorder works, and loses nothing. */
import { expect, test } from 'vitest';
import { measure } from '../../conformance/measure.ts';
import { record } from '../../conformance/record.ts';
import type { Scenario } from '../../conformance/scenario.ts';
import { cacheDirectory } from '../../src/images/cache.ts';

const scenario: Scenario = {
  name: 'live',
  title: 'A CPU off and on, a disk let go and taken again, another plugged in and out',
  cpus: 2,
  interruptRemapping: false,
  devices: [
    {
      kind: 'root-port',
      id: 'port0',
      slot: 3,
      chassis: 1,
      child: { kind: 'virtio-blk', id: 'disk0', sizeMiB: 16, queues: 2 },
    },
    { kind: 'root-port', id: 'port1', slot: 4, chassis: 2 },
  ],
  ringKiB: 4096,
  steps: [
    { sh: 'modprobe virtio_blk; burst; spread 1; burst' },
    { plug: 'hot0', port: 'port1', queues: 2 },
    { sh: 'disks 2; cpu 1 0; rebind virtio_blk virtio; cpu 1 1' },
    { unplug: ['hot0'] },
  ],
};

test('a live recording has no event that departs from the model', async () => {
  const progress: string[] = [];
  const context = { cache: cacheDirectory(), onProgress: (text: string) => void progress.push(text) };
  const { trace, lost, dmesg, versions } = await record(scenario, '6.12', context);
  const lines = trace.split('\n');
  expect(lost).toBe(0);
  expect(measure(lines, '6.12')).toMatchObject({ mismatches: [], lost: 0, gaps: 0 });
  // The stir took place: a CPU came back, a disk was plugged in and used all its vectors, the probes spoke.
  expect(dmesg).toContain('smpboot: CPU 1 is now offline');
  expect(lines.filter((line) => line.includes(': irq_matrix_online: '))).toHaveLength(3);
  expect(lines.filter((line) => line.includes(': vector_teardown: ')).length).toBeGreaterThanOrEqual(3);
  expect(lines.some((line) => line.includes(': matrix_probe_alloc_managed: '))).toBe(true);
  expect(Object.keys(versions)).toContain('kernel 6.12');
  expect(progress.at(-1)).toContain('unplugged hot0');
});
