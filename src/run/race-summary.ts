/** The races of a run in the model: every cure against every problem, beside which the kernels' cells are put. */
import { raceTable } from '../explore/race-table.ts';
import type { Plan } from '../lab/plan.ts';
import type { RaceSummary } from '../report/result.ts';
import { raceOf } from './race-script.ts';

/** One a model that a variant forces from a counterexample. Some seconds of search. */
export function raceSummaries(plan: Plan): RaceSummary[] {
  const orders = plan.variants.flatMap(({ race }) => (race?.order.from === 'explorer' ? [race] : []));
  const models = [...new Set(orders.map(({ model }) => model))];
  return models.map((model): RaceSummary => {
    const race = raceOf(model);
    const cells = [...raceTable(race, Object.keys(race.variants), {})];
    const asExpected = cells.every(
      ({ variant, problem, result }) =>
        (result.violation !== undefined) === race.expected[variant]!.includes(problem) &&
        (result.violation !== undefined || result.complete),
    );
    return {
      model,
      title: race.title,
      bounds: cells[0]?.result.bounds ?? '',
      cures: race.variants,
      problems: race.problems,
      conclusions: asExpected ? race.conclusions : [],
      cells: cells.map(({ variant, problem, result, scenario }) => ({
        cure: variant,
        problem,
        complete: result.complete || result.violation !== undefined,
        ...(result.violation
          ? {
              steps: result.violation.path.flatMap(({ action }) =>
                action ? [{ process: action.process, text: action.text }] : [],
              ),
              processes: scenario.processes,
            }
          : {}),
      })),
    };
  });
}
