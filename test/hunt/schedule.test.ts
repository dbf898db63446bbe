import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leastChance, type Schedule, scheduleOf, scheduleText } from '../../src/hunt/schedule.ts';
import { shrink } from '../../src/hunt/shrink.ts';

const space = { visits: 50, most: 3, longest: 8 };

describe('the schedule of a seed', () => {
  test('is the same for ever: a replay rests on it', () => {
    expect(scheduleText(scheduleOf(1, space))).toBe('36+5');
    expect(scheduleText(scheduleOf(2026, space))).toBe('18+3 21+8 39+3');
  });

  test('keeps to its space', () => {
    const spaces = fc.record({
      visits: fc.integer({ min: 1, max: 300 }),
      most: fc.integer({ min: 1, max: 5 }),
      longest: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), spaces, (seed, any) => {
        const schedule = scheduleOf(seed, any);
        expect(schedule.length).toBeGreaterThanOrEqual(1);
        expect(schedule.length).toBeLessThanOrEqual(any.most);
        expect(new Set(schedule.map(({ visit }) => visit)).size).toBe(schedule.length);
        expect(schedule.map(({ visit }) => visit)).toEqual(
          schedule.map(({ visit }) => visit).toSorted((a, b) => a - b),
        );
        for (const { visit, hold } of schedule) {
          expect(visit).toBeLessThan(any.visits);
          expect(hold).toBeGreaterThanOrEqual(1);
          expect(hold).toBeLessThanOrEqual(any.longest);
        }
      }),
    );
  });

  test('draws every visit, every number and every length about as often as any other', () => {
    const counts = {
      visit: new Map<number, number>(),
      hold: new Map<number, number>(),
      length: new Map<number, number>(),
    };
    const add = (map: Map<number, number>, value: number) => map.set(value, (map.get(value) ?? 0) + 1);
    for (let seed = 0; seed < 20_000; seed += 1) {
      const schedule = scheduleOf(seed, space);
      add(counts.length, schedule.length);
      for (const { visit, hold } of schedule) {
        add(counts.visit, visit);
        add(counts.hold, hold);
      }
    }
    for (const [map, values] of [
      [counts.visit, 50],
      [counts.hold, 8],
      [counts.length, 3],
    ] as const) {
      const all = [...map.values()];
      const mean = all.reduce((a, b) => a + b) / values;
      expect(all).toHaveLength(values);
      // Six standard deviations.
      for (const count of all) expect(Math.abs(count - mean)).toBeLessThan(6 * Math.sqrt(mean));
    }
  });

  test('finds what is planted as often as it is said to, at least', () => {
    const planted = (schedule: Schedule) => schedule.some(({ visit, hold }) => visit === 17 && hold >= 3);
    const runs = 20_000;
    let found = 0;
    for (let seed = 0; seed < runs; seed += 1) if (planted(scheduleOf(seed, space))) found += 1;
    expect(found / runs).toBeGreaterThan(leastChance(space, 1, 6) * 0.9);
    expect(leastChance(space, 1, 6)).toBeCloseTo((1 / 3) * (1 / 50) * (6 / 8), 10);
    expect(leastChance(space, 2, 8)).toBeCloseTo((1 / 3) * (2 / (50 * 49)), 10);
    expect(leastChance(space, 4, 8)).toBe(0);
  });
});

describe('shrinking', () => {
  const tryOut = async (from: Schedule, fails: (s: Schedule) => boolean, mostTries = 100) =>
    await shrink(from, async (candidate) => fails(candidate), mostTries);

  test('comes to the planted preemption', async () => {
    const from = [
      { visit: 3, hold: 8 },
      { visit: 17, hold: 7 },
      { visit: 40, hold: 2 },
    ];
    const shrunk = await tryOut(from, (s) => s.some(({ visit, hold }) => visit === 17 && hold >= 3));
    expect(shrunk).toMatchObject({ schedule: [{ visit: 17, hold: 3 }], minimal: true });
    expect(shrunk.tries).toBeLessThan(15);
  });

  test('keeps two where both are needed', async () => {
    const from = [
      { visit: 3, hold: 8 },
      { visit: 17, hold: 7 },
      { visit: 40, hold: 2 },
    ];
    const shrunk = await tryOut(from, (s) => [3, 40].every((visit) => s.some((p) => p.visit === visit)));
    expect(shrunk.schedule).toEqual([
      { visit: 3, hold: 1 },
      { visit: 40, hold: 1 },
    ]);
  });

  test('what fails anyway needs no preemption', async () => {
    expect((await tryOut([{ visit: 1, hold: 5 }], () => true)).schedule).toEqual([]);
  });

  test('what never fails again stays as it is, and no schedule is tried twice', async () => {
    const seen: string[] = [];
    const from = [{ visit: 1, hold: 5 }];
    const shrunk = await tryOut(from, (s) => {
      seen.push(scheduleText(s));
      return false;
    });
    expect(shrunk).toEqual({ schedule: from, tries: 4, minimal: true });
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('ends on its bound, and says so', async () => {
    const from = [{ visit: 1, hold: 8 }];
    expect(await tryOut(from, (s) => s.length > 0, 1)).toEqual({ schedule: from, tries: 1, minimal: false });
  });
});
