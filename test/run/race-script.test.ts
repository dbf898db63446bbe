/** Where a race's order comes from, and what is said when there is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { RacePlan } from '../../src/lab/plan.ts';
import { raceScript } from '../../src/run/race-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'vflab-schedule-'));
afterAll(() => rmSync(folder, { recursive: true }));
const labFile = join(folder, 'lab.yaml');

const script = (order: RacePlan['order'], model = 'vector-setup') =>
  raceScript({ function: 'nic0', model, order }, labFile);

it('from the explorer: its counterexample, and the schedule that forces it', async () => {
  const found = await script({ from: 'explorer', cure: 'none', problem: 'overwrite-vfio' });
  expect(found?.counterexample?.steps.at(-1)).toEqual({ process: 'CPU1', text: 'writes VECTOR_UNUSED' });
  expect(found?.schedule.title).toMatch(/^none, overwrite-vfio: /);
});

it('from nobody: none', async () => {
  expect(await script({ from: 'nobody' })).toBeUndefined();
});

it('from a file beside the lab', async () => {
  writeFileSync(join(folder, 'good.yaml'), 'title: x\nsteps: [{ rest: CPU1 }]\n');
  writeFileSync(join(folder, 'bad.yaml'), 'title: x\nsteps: [{ rest: 1 }]\n');
  expect((await script({ from: 'file', file: 'good.yaml' }))?.schedule.steps).toEqual([{ rest: 'CPU1' }]);
  await expect(script({ from: 'file', file: 'bad.yaml' })).rejects.toMatchObject({
    code: 'BAD_SCHEDULE',
    message: expect.stringContaining('bad.yaml:2:17: steps[0].rest: expected a string, found 1'),
  });
  await expect(script({ from: 'file', file: 'none.yaml' })).rejects.toMatchObject({
    code: 'BAD_SCHEDULE',
    message: expect.stringContaining('none.yaml: no such file'),
  });
});

it.each([
  ['a race that is none', { from: 'nobody' }, 'vector-setups', 'UNKNOWN_RACE'],
  ['a cure', { from: 'explorer', cure: 'lock', problem: 'loss-vfio' }, 'vector-setup', 'UNKNOWN_VARIANT'],
  ['a problem', { from: 'explorer', cure: 'none', problem: 'loss' }, 'vector-setup', 'UNKNOWN_VARIANT'],
  [
    'what the model does not lose',
    { from: 'explorer', cure: 'locking', problem: 'overwrite-vfio' },
    'vector-setup',
    'RACE_NOT_FORCED',
  ],
  [
    'what no kernel has',
    { from: 'explorer', cure: 'repair', problem: 'loss-qemu' },
    'vector-setup',
    'RACE_NOT_FORCED',
  ],
] as const)('refused: %s', async (_, order, model, code) => {
  await expect(script(order, model)).rejects.toMatchObject({ code });
});
