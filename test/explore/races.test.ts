/** Every race: each cell of its table by search, and what was to be seen was seen. */
import { describe, expect, it } from 'vitest';
import { raceTable } from '../../src/explore/race-table.ts';
import { Space } from '../../src/explore/space.ts';
import type { Race } from '../../src/model/race/race.ts';
import { races } from '../../src/model/race/races.ts';

/** Variant → problems that were found. */
function found(race: Race, bounds: Record<string, number> = {}): Record<string, string[]> {
  const cells = [...raceTable(race, Object.keys(race.variants), bounds)];
  for (const { result } of cells) {
    expect(result.violation !== undefined || result.complete).toBe(true);
    expect(result.neverSeen).toEqual([]);
  }
  return Object.fromEntries(
    Object.keys(race.variants).map((variant) => [
      variant,
      cells.filter((cell) => cell.variant === variant && cell.result.violation).map(({ problem }) => problem),
    ]),
  );
}

const nothing = () => {};

describe.each(races.map((race) => [race.name, race] as const))('%s', (_, race) => {
  it('comes out as it is known to', () => expect(found(race)).toEqual(race.expected));

  it('can fail, and can hold: every problem is there in some variant, and not in some other', () => {
    const lists = Object.values(race.expected);
    for (const problem of Object.keys(race.problems)) {
      expect(lists.some((list) => list.includes(problem))).toBe(true);
      expect(lists.some((list) => !list.includes(problem))).toBe(true);
    }
  });

  it('a step that cannot be taken changes nothing', () => {
    for (const variant of Object.keys(race.variants)) {
      const bounds = Object.fromEntries(Object.entries(race.bounds).map(([id, each]) => [id, each.default]));
      const scenario = race.scenario(variant, Object.keys(race.problems)[0]!, bounds);
      const space = new Space({ ...scenario, invariants: [] });
      space.search({ memoryBytes: 2 ** 28 }, nothing, nothing);
      for (let index = 0; index < space.states; index += 1) {
        const state = space.state(index);
        for (const { at, step } of scenario.actions) {
          if (at && state[at.field] !== at.value) continue;
          const next = state.slice();
          if (!step(state, next) && Buffer.compare(next, state) !== 0)
            throw new Error(scenario.describe(state));
        }
      }
    }
  });

  it('shows what it finds', () => {
    for (const [variant, problem] of race.shown) expect(race.expected[variant]).toContain(problem);
  });
});

describe('vector-setup, further bounds', () => {
  const race = races.find(({ name }) => name === 'vector-setup')!;
  it.each([{ raises: 3, switches: 2 }, { cpus: 2 }])('%o: the same', (bounds) =>
    expect(found(race, bounds)).toEqual(race.expected),
  );
});
