/** The table of cures and problems: the model's column beside what was seen on kernels. */
import { expect, it } from 'vitest';
import { styleFor } from '../../src/report/colour.ts';
import { counterexamples, cureTable } from '../../src/report/forced-race-text.ts';
import type { RaceSummary, VariantResult } from '../../src/report/result.ts';

const plain = styleFor(false);
const steps = [
  { process: 'device', text: 'raises' },
  { process: 'CPU1', text: 'wipes' },
];
const race: RaceSummary = {
  ...{ model: 'm', title: 't', bounds: '1 CPU' },
  cures: { none: 'no cure', locking: 'locked' },
  problems: { 'loss-vfio': 'lost', other: 'not forced' },
  conclusions: [],
  cells: [
    { cure: 'none', problem: 'loss-vfio', complete: true, steps, processes: ['CPU0', 'device', 'CPU1'] },
    { cure: 'locking', problem: 'loss-vfio', complete: true },
  ],
};
const variant = (kernel: string, cure: string, seen: boolean) =>
  ({
    axes: { kernel },
    race: { model: 'm', cure, seen: { 'loss-vfio': seen }, forced: { cure: 'none', problem: 'loss-vfio' } },
  }) as unknown as VariantResult;

it('side by side, each counterexample once, without the columns of who does nothing', () => {
  const order = { model: 'm', cure: 'none', problem: 'loss-vfio' };
  expect(counterexamples({ races: [race] }, [order, order])).toEqual([
    'loss-vfio with the cure none, the shortest way in the model (2 steps):',
    '',
    '  device  CPU1',
    '  ------  ----',
    '  raises',
    '          wipes',
    '',
  ]);
});

it('a kernel has a problem if any order showed it; model and kernel agree, or that they do not is said', () => {
  const agreeing = [
    variant('6.1', 'none', false),
    variant('6.1', 'none', true),
    variant('6.12', 'locking', false),
  ];
  const lines = cureTable(race, agreeing, plain);
  expect(lines.slice(0, 3).map((line) => line.trimEnd())).toEqual([
    'Cure     loss-vfio: model  kernel',
    'none     yes, 2 steps      yes (6.1)',
    'locking  no                no (6.12)',
  ]);
  expect(lines.at(-1)).toBe('Where both say something, model and kernel say the same.');
  const other = cureTable(race, [variant('6.12', 'locking', true)], plain);
  expect(other.at(-1)).toBe('Model and kernel differ: locking loss-vfio on 6.12.');
});

it('an order that is about another problem says nothing of this one, unless it shows it', () => {
  const about = (seen: boolean) => {
    const one = variant('6.1', 'none', seen);
    one.race!.forced.problem = 'other';
    return cureTable(race, [one, variant('6.12', 'locking', false)], plain);
  };
  expect(about(false)[1]).toMatch(/^none +yes, 2 steps +- *$/);
  expect(about(false).at(-1)).toBe('Where both say something, model and kernel say the same.');
  expect(about(true)[1]).toMatch(/^none +yes, 2 steps +yes \(6\.1\) *$/);
});

it('nothing was forced: no table', () => {
  expect(cureTable(race, [], plain)).toEqual([]);
});
