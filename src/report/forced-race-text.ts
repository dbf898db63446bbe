/** Races that a run forced: the counterexample as kernel developers draw it, and each cure in the model and on kernels. */
import type { Style } from './colour.ts';
import { columns } from './interleaving.ts';
import type { RaceSummary, RunResult, VariantResult } from './result.ts';
import { table } from './table.ts';

/** The counterexamples that this run forced, each once. */
export function counterexamples(
  { races = [] }: Pick<RunResult, 'races'>,
  orders: readonly { model: string; cure: string; problem: string }[],
): string[] {
  const lines: string[] = [];
  const told = new Set<string>();
  for (const { model, cure, problem } of orders) {
    const key = `${model} ${cure} ${problem}`;
    const cell = races
      .find((race) => race.model === model)
      ?.cells.find((each) => each.cure === cure && each.problem === problem);
    if (told.has(key) || !cell?.steps || !cell.processes) continue;
    told.add(key);
    lines.push(
      `${problem} with the cure ${cure}, the shortest way in the model (${cell.steps.length} steps):`,
      '',
    );
    lines.push(...columns(cell.processes, cell.steps).map((line) => `  ${line}`.trimEnd()), '');
  }
  return lines;
}

/** Cures × problems: what the model says, searched through, and what was seen on each kernel. */
export function cureTable(race: RaceSummary, variants: readonly VariantResult[], style: Style): string[] {
  // A problem that one order does not show may come in another: a kernel has it if any order showed it, and has it not
  // if its own did not.
  const seen = variants.flatMap((variant) =>
    variant.race?.model === race.model
      ? Object.entries(variant.race.seen)
          .filter(([problem, seen]) => seen || variant.race!.forced.problem === problem)
          .map(([problem, seen]) => ({
            ...{ problem, seen, cure: variant.race!.cure, kernel: variant.axes.kernel ?? '' },
          }))
      : [],
  );
  const cells = [
    ...Map.groupBy(seen, ({ cure, problem, kernel }) => `${cure} ${problem} ${kernel}`).values(),
  ].map((group) => ({ ...group[0]!, seen: group.some((each) => each.seen) }));
  const problems = Object.keys(race.problems).filter((problem) =>
    cells.some((cell) => cell.problem === problem),
  );
  if (problems.length === 0) return [];
  const head = ['Cure', ...problems.flatMap((problem) => [`${problem}: model`, 'kernel'])];
  const rows = Object.keys(race.cures).map((cure) => [
    cure,
    ...problems.flatMap((problem) => {
      const cell = race.cells.find((each) => each.cure === cure && each.problem === problem);
      const model = cell?.steps ? `yes, ${cell.steps.length} steps` : cell?.complete ? 'no' : 'not searched';
      const kernels = cells.filter((each) => each.cure === cure && each.problem === problem);
      const answers = (['yes', 'no'] as const).flatMap((answer) => {
        const of = kernels.filter((each) => each.seen === (answer === 'yes')).map(({ kernel }) => kernel);
        return of.length > 0 ? [`${answer} (${[...new Set(of)].join(', ')})`] : [];
      });
      return [model, answers.join(', ') || '-'];
    }),
  ]);
  return [
    ...table([head, ...rows], (cell, row) => (row === 0 ? style.bold(cell) : cell)),
    '',
    `Complete in the model within: ${race.bounds}`,
    ...Object.entries(race.cures).map(([id, title]) => `  ${id}: ${title}`),
    ...problems.map((id) => `  ${id}: ${race.problems[id]}`),
    agreement(race, cells),
    ...race.conclusions.map((line) => `  ${line}`),
  ];
}

function agreement(
  race: RaceSummary,
  seen: readonly { cure: string; problem: string; kernel: string; seen: boolean }[],
): string {
  const other = seen.filter((each) => {
    const cell = race.cells.find(({ cure, problem }) => cure === each.cure && problem === each.problem);
    return (cell?.steps !== undefined) !== each.seen;
  });
  if (other.length === 0) return 'Where both say something, model and kernel say the same.';
  const cells = other.map(({ cure, problem, kernel }) => `${cure} ${problem} on ${kernel}`);
  return `Model and kernel differ: ${[...new Set(cells)].join('; ')}.`;
}
