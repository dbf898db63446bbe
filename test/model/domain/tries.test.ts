/** The tries of an activation end: what counts is what was available at the last of them. */
import { expect, test } from 'vitest';
import { triesEnded } from '../../../src/model/domain/activate.ts';
import type { Irq } from '../../../src/model/domain/state.ts';

const said = (failed: number, available: number | undefined) =>
  triesEnded({ irq: 584, due: { event: 'tries', failed, available } } as Irq).departures.map(
    ({ allowed }) => allowed,
  );

test('nothing was left, or nobody knows', () => {
  expect(said(2, 0)).toEqual([]);
  expect(said(4, undefined)).toEqual([]);
});

test('a vector was left at the last try', () => {
  expect(said(2, 1)[0]).toContain('the last try takes any online CPU, and 1 vectors are available');
});

test('no kernel gives up after three', () => {
  expect(said(3, 0)[0]).toContain('3 tries failed; 2 do, or 4');
});
