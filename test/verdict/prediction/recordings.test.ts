/** Predictions from a plan alone, against what the machines of that plan did: every disk's rung, error and message. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ofPlan } from '../../../src/commands/describe.ts';
import type { VariantPlan } from '../../../src/lab/plan.ts';
import { kernelFeatures, kernelVersion } from '../../../src/model/features.ts';
import { type Description, forecasts } from '../../../src/model/virtio/description.ts';
import { compareDisks } from '../../../src/verdict/prediction/compare.ts';

const recordings = join(import.meta.dirname, '../../fixtures/recordings');
const folders = readdirSync(recordings).filter((name) => name.startsWith('virtio-'));

function compare(folder: string, change: Partial<Description> = {}) {
  const read = (name: string) => {
    const file = join(recordings, folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : gunzipSync(readFileSync(`${file}.gz`)).toString();
  };
  const plan = JSON.parse(read('plan.json')) as VariantPlan;
  const { release, description } = ofPlan(plan)!;
  const [way] = forecasts({ ...description, ...change }, kernelFeatures(kernelVersion(release)));
  return compareDisks(way!.prediction.disks, read('snapshots/after-disks.host.virtio'), read('host.dmesg'));
}

describe('what was foretold of a plan is what its machine did', () => {
  test.each(folders)('%s', (folder) => {
    const disks = compare(folder);
    expect(disks.length).toBeGreaterThan(20);
    expect(disks.filter(({ same }) => !same)).toEqual([]);
  });

  test('one vector more in use, and it is not', () => {
    const off = folders.filter((folder) => compare(folder, { inUse: 40 }).some(({ same }) => !same));
    expect(off.length).toBeGreaterThan(0);
  });
});
