/** The control of test/qemu/hunt.test.ts: two processes that take a lock before they add one. */
import { expect, test } from 'vitest';
import { rateText } from '../../src/hunt/rate.ts';
import { makeGround } from '../../src/run/hunt/ground.ts';
import { withHunt } from '../../src/run/hunt/machine.ts';
import { context, hunted, locked, machineToHunt } from '../qemu/planted-race.ts';

test('a hunt finds nothing where a lock is held', async () => {
  const ground = await makeGround(context, withHunt(await machineToHunt(), locked), locked);
  const result = await hunted(ground, locked, 12);
  expect(result.undisturbed.outcome).toBe('passed');
  expect(result.hits).toEqual([]);
  expect(rateText(result.hits.length, result.runs)).toBe('0 of 12: below 22 % at 95 %');
});
