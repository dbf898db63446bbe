/** The matrix of a stock machine, against that of real ones before their disks. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GridRecording, seedOf } from '../../../conformance/grid/recording.ts';
import { parseCpuList } from '../../../src/evidence/cpu-list.ts';
import { kernelFeatures, kernelVersion } from '../../../src/model/features.ts';
import { matrixLimits } from '../../../src/model/virtio/behaviour.ts';
import { stockSeed } from '../../../src/model/virtio/stock.ts';

const folder = join(import.meta.dirname, '../../fixtures/grid');
const recordings = readdirSync(folder)
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as GridRecording] as const)
  // With an affinity of its own a machine is no stock one.
  .filter(([name]) => !name.includes('irqaffinity'));

describe('a host with a NIC of three vectors, and bridges for its disks', () => {
  test.each(recordings)('%s', (_, recording) => {
    const { release, build, points } = recording;
    const { before, irqs } = points[0]!;
    const seed = stockSeed({
      ...matrixLimits(kernelFeatures(kernelVersion(release, build))),
      possible: parseCpuList(recording.possible),
      online: parseCpuList(recording.present),
      nodes: recording.nodes.map(parseCpuList),
      ports: Math.ceil(irqs.length / 31),
      functions: 3,
    });
    const real = seedOf(before);
    expect(seed).toEqual({ ...real, systemMap: seed.systemMap });
  });
});
