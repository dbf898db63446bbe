/** A race's variants against its problems: one search a cell. */
import type { Race } from '../model/race/race.ts';
import type { Scenario } from '../model/race/scenario.ts';
import { type Exploration, type ExploreOptions, explore } from './explore.ts';

export interface Cell {
  variant: string;
  problem: string;
  scenario: Scenario;
  result: Exploration;
}

/** @param selected variants in the order of the rows; @param bounds those that differ from the race's defaults */
export function* raceTable(
  race: Race,
  selected: readonly string[],
  bounds: Readonly<Record<string, number>>,
  options: ExploreOptions = {},
): Generator<Cell> {
  const all = Object.fromEntries(
    Object.entries(race.bounds).map(([name, bound]) => [name, bounds[name] ?? bound.default]),
  );
  for (const variant of selected)
    for (const problem of Object.keys(race.problems)) {
      const scenario = race.scenario(variant, problem, all);
      yield { variant, problem, scenario, result: explore(scenario, options) };
    }
}
