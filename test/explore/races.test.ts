/** Every race: each cell of its table by search, and what was to be seen was seen. */
import { describe, expect, it } from 'vitest';
import { raceTable } from '../../src/explore/race-table.ts';
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

describe.each(races.map((race) => [race.name, race] as const))('%s', (_, race) => {
  it('comes out as it is known to', () => expect(found(race)).toEqual(race.expected));

  it('can fail, and can hold', () => {
    const lengths = Object.values(race.expected).map((problems) => problems.length);
    expect(Math.max(...lengths)).toBeGreaterThan(0);
    expect(Math.min(...lengths)).toBe(0);
    // No problem is there that no variant has: its check could never turn red.
    expect([...new Set(Object.values(race.expected).flat())].sort()).toEqual(
      Object.keys(race.problems).sort(),
    );
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
