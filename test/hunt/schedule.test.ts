import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  leastChance,
  type Preemption,
  plainShift,
  type Schedule,
  scheduleOf,
  scheduleText,
  shifts,
} from '../../src/hunt/schedule.ts';
import { shrink } from '../../src/hunt/shrink.ts';

const space = { visits: 50, most: 3, longest: 8, cpus: 2 };
const held = (...preemptions: Preemption[]): Schedule => ({ preemptions, shift: plainShift });

describe('the schedule of a seed', () => {
  test('is the same for ever: a replay rests on it', () => {
    expect(scheduleText(scheduleOf(1, space))).toBe('39+1');
    expect(scheduleText(scheduleOf(2026, space))).toBe('22+3 38+1 46+3 CPU1 urgent');
  });

  test('keeps to its space', () => {
    const spaces = fc.record({
      visits: fc.integer({ min: 1, max: 300 }),
      most: fc.integer({ min: 1, max: 5 }),
      longest: fc.integer({ min: 1, max: 20 }),
      cpus: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), spaces, (seed, any) => {
        const { preemptions, urgent = 0, shift } = scheduleOf(seed, any);
        expect(preemptions.length).toBeGreaterThanOrEqual(1);
        expect(preemptions.length).toBeLessThanOrEqual(any.most);
        const visits = preemptions.map(({ visit }) => visit);
        expect(new Set(visits).size).toBe(visits.length);
        expect(visits).toEqual(visits.toSorted((a, b) => a - b));
        for (const { visit, hold } of preemptions) {
          expect(visit).toBeLessThan(any.visits);
          expect(hold).toBeGreaterThanOrEqual(1);
          expect(hold).toBeLessThanOrEqual(any.longest);
        }
        expect(urgent).toBeLessThan(any.cpus);
        expect(shifts).toContain(shift);
      }),
    );
  });

  test('draws every visit, every number, every priority and every speed about as often as it says', () => {
    const counts = new Map<string, number>();
    const add = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
    const runs = 20_000;
    for (let seed = 0; seed < runs; seed += 1) {
      const { preemptions, urgent, shift } = scheduleOf(seed, { ...space, most: 1 });
      add(`visit ${preemptions[0]!.visit}`);
      add(`hold ${preemptions[0]!.hold}`);
      add(`urgent ${urgent}`);
      add(`shift ${shift}`);
      add(`number ${scheduleOf(seed, space).preemptions.length}`);
    }
    const near = (what: string, share: number) => {
      const [mean, seen] = [runs * share, counts.get(what) ?? 0];
      // Six standard deviations.
      expect(Math.abs(seen - mean), what).toBeLessThan(6 * Math.sqrt(mean));
    };
    for (let visit = 0; visit < space.visits; visit += 1) near(`visit ${visit}`, 1 / space.visits);
    for (let hold = 1; hold <= space.longest; hold += 1) {
      let share = 0;
      for (let k = hold; k <= space.longest; k += 1) share += 1 / k / space.longest;
      near(`hold ${hold}`, share);
    }
    near('urgent undefined', 1 / 2);
    for (let cpu = 0; cpu < space.cpus; cpu += 1) near(`urgent ${cpu}`, 1 / 2 / space.cpus);
    for (const shift of shifts)
      near(`shift ${shift}`, 1 / 2 / shifts.length + (shift === plainShift ? 1 / 2 : 0));
    for (let number = 1; number <= space.most; number += 1) near(`number ${number}`, 1 / space.most);
  });

  test('finds what is planted as often as it is said to, at least', () => {
    const runs = 20_000;
    const shareOf = (planted: (preemptions: readonly Preemption[]) => boolean) => {
      let found = 0;
      for (let seed = 0; seed < runs; seed += 1) if (planted(scheduleOf(seed, space).preemptions)) found += 1;
      return found / runs;
    };
    const one = shareOf((all) => all.some(({ visit, hold }) => visit === 17 && hold >= 3));
    expect(one).toBeGreaterThan(leastChance(space, 1, 6) * 0.9);
    expect(leastChance(space, 1, 8)).toBeCloseTo((1 / 3) * (1 / 50), 10);
    expect(leastChance(space, 1, 1)).toBeCloseTo((1 / 3) * (1 / 50) * (1 / 64), 10);
    expect(leastChance(space, 2, 8)).toBeCloseTo((1 / 3) * (2 / (50 * 49)) * (1 / 2), 10);
    expect(leastChance(space, 4, 8)).toBe(0);
  });

  test('draws two that belong together, one close behind the other, far more often than by chance', () => {
    let found = 0;
    const runs = 20_000;
    for (let seed = 0; seed < runs; seed += 1) {
      const { preemptions } = scheduleOf(seed, space);
      const visits = preemptions.map(({ visit }) => visit);
      if (visits.includes(17) && visits.includes(18)) found += 1;
    }
    expect(found / runs).toBeGreaterThan(4 * leastChance(space, 2, 8));
  });
});

describe('shrinking', () => {
  const tryOut = async (from: Schedule, fails: (s: Schedule) => boolean, mostTries = 100) =>
    await shrink(from, async (candidate) => fails(candidate), mostTries);

  test('comes to the planted preemption', async () => {
    const from = held({ visit: 3, hold: 8 }, { visit: 17, hold: 7 }, { visit: 40, hold: 2 });
    const shrunk = await tryOut(from, ({ preemptions }) =>
      preemptions.some(({ visit, hold }) => visit === 17 && hold >= 3),
    );
    expect(shrunk).toMatchObject({ schedule: held({ visit: 17, hold: 3 }), minimal: true });
    expect(shrunk.tries).toBeLessThan(15);
  });

  test('keeps two where both are needed', async () => {
    const from = held({ visit: 3, hold: 8 }, { visit: 17, hold: 7 }, { visit: 40, hold: 2 });
    const shrunk = await tryOut(from, ({ preemptions }) =>
      [3, 40].every((visit) => preemptions.some((p) => p.visit === visit)),
    );
    expect(shrunk.schedule).toEqual(held({ visit: 3, hold: 1 }, { visit: 40, hold: 1 }));
  });

  test('leaves the clock and the priorities alone where the failure does not need them', async () => {
    const from = { ...held({ visit: 3, hold: 1 }), urgent: 1, shift: 0 };
    expect((await tryOut(from, () => true)).schedule).toEqual(held());
    const needed = await tryOut(from, ({ urgent, preemptions }) => urgent === 1 && preemptions.length > 0);
    expect(needed.schedule).toEqual({ ...held({ visit: 3, hold: 1 }), urgent: 1 });
  });

  test('what fails anyway needs no preemption', async () => {
    expect((await tryOut(held({ visit: 1, hold: 5 }), () => true)).schedule).toEqual(held());
  });

  test('what never fails again stays as it is, and no schedule is tried twice', async () => {
    const seen: string[] = [];
    const from = held({ visit: 1, hold: 5 });
    const shrunk = await tryOut(from, (s) => {
      seen.push(scheduleText(s));
      return false;
    });
    expect(shrunk).toEqual({ schedule: from, tries: 4, minimal: true });
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('ends on its bound, and says so', async () => {
    const from = held({ visit: 1, hold: 8 });
    expect(await tryOut(from, (s) => s.preemptions.length > 0, 1)).toEqual({
      schedule: from,
      tries: 1,
      minimal: false,
    });
  });
});
