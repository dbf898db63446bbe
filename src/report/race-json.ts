/** What `vflab explore --json` writes: a counterexample is a list of actions that a program can follow on a kernel. */
import type { Cell } from '../explore/race-table.ts';
import type { Violation } from '../explore/space.ts';
import type { Race } from '../model/race/race.ts';
import type { Scenario, View } from '../model/race/scenario.ts';

export interface RaceJson {
  race: string;
  title: string;
  cells: CellJson[];
}

export interface CellJson {
  variant: string;
  problem: string;
  /** `none` only where the search was complete within `bounds`. */
  found: 'yes' | 'none' | 'incomplete';
  bounds: string;
  complete: boolean;
  states: number;
  transitions: number;
  depth: number;
  memoryBytes: number;
  seconds: number;
  /** What was to be reached at least once and was not. */
  neverSeen: readonly string[];
  counterexample?: CounterexampleJson;
}

export interface CounterexampleJson {
  kind: Violation['kind'];
  /** What is broken. */
  text: string;
  /** Of `leads-to`: after the last step it goes round for ever; otherwise nothing more has to happen. */
  goesRound?: boolean;
  processes: readonly string[];
  /** Before the first step. */
  first: View;
  /** One atomic step each; `action` is stable, `text` is for people, `state` is after the step. */
  steps: { process: string; action: string; text: string; state: View }[];
}

export function raceJson(race: Race, cells: readonly Cell[]): RaceJson {
  return { race: race.name, title: race.title, cells: cells.map(cellJson) };
}

function cellJson({ variant, problem, result, scenario }: Cell): CellJson {
  const { violation, complete } = result;
  const { bounds, states, transitions, depth, memoryBytes, seconds, neverSeen } = result;
  return {
    ...{ variant, problem, found: violation ? 'yes' : complete ? 'none' : 'incomplete' },
    ...{ bounds, complete, states, transitions, depth, memoryBytes, seconds, neverSeen },
    ...(violation && { counterexample: counterexample(scenario, violation) }),
  };
}

function counterexample(scenario: Scenario, { kind, text, path, goesRound }: Violation): CounterexampleJson {
  return {
    ...{ kind, text, ...(goesRound !== undefined && { goesRound }) },
    ...{ processes: scenario.processes, first: scenario.view(path[0]!.state) },
    steps: path.flatMap(({ action, state }) =>
      action
        ? [
            {
              ...{ process: action.process, action: action.id, text: action.text },
              state: scenario.view(state),
            },
          ]
        : [],
    ),
  };
}
