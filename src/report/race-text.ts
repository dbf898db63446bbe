/** What `vflab explore RACE` prints: the table, what its words mean, what it concludes, and the ways to lose. */
import type { Cell } from '../explore/race-table.ts';
import type { Race } from '../model/race/race.ts';
import { interleaving } from './interleaving.ts';
import { table } from './table.ts';

/** @param every print each counterexample, not only those that the race shows */
export function raceText(race: Race, cells: readonly Cell[], every: boolean): string[] {
  const shown = cells.filter(
    ({ variant, problem }) => every || race.shown.some(([v, p]) => v === variant && p === problem),
  );
  return [...tableLines(race, cells), ...within(cells), ...conclusions(race, cells), ...shown.flatMap(found)];
}

function verdict({ result }: Cell): string {
  if (result.violation) return `yes, ${result.violation.path.length - 1} steps`;
  return result.complete ? 'no' : 'not found, search incomplete';
}

function tableLines(race: Race, cells: readonly Cell[]): string[] {
  const problems = Object.keys(race.problems);
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  const rows = variants.map((variant) => [
    variant,
    ...cells.filter((cell) => cell.variant === variant).map(verdict),
  ]);
  return [
    ...table([['', ...problems], ...rows]),
    '',
    ...table(variants.map((id) => [id, race.variants[id]!])),
    '',
    ...table(problems.map((id) => [id, race.problems[id]!])),
  ];
}

function within(cells: readonly Cell[]): string[] {
  const complete = cells.every(({ result }) => result.violation || result.complete);
  const sum = (of: (cell: Cell) => number) => cells.reduce((total, cell) => total + of(cell), 0);
  const states = sum(({ result }) => result.states);
  const searches = cells.length === 1 ? '1 search' : `${cells.length} searches`;
  const never = cells.flatMap(({ variant, problem, result }) =>
    result.neverSeen.map((text) => `${variant}, ${problem}: never seen, so a "no" says little: ${text}`),
  );
  return [
    '',
    `${complete ? 'complete' : 'incomplete'} within: ${cells[0]!.result.bounds}`,
    `${states} states in ${searches}, ${sum(({ result }) => result.seconds).toFixed(1)} s`,
    ...never,
  ];
}

/** Said of the whole table only, and only if it came out as they say. */
function conclusions(race: Race, cells: readonly Cell[]): string[] {
  const whole = Object.keys(race.variants).length * Object.keys(race.problems).length === cells.length;
  if (!whole) return [];
  const other = cells.filter(
    ({ variant, problem, result }) =>
      (result.violation !== undefined) !== race.expected[variant]!.includes(problem) ||
      (!result.violation && !result.complete),
  );
  if (other.length === 0) return ['', ...race.conclusions];
  return [
    '',
    `within these bounds it came out otherwise than by default: ${other.map(({ variant, problem }) => `${variant} ${problem}`).join(', ')}`,
  ];
}

function found({ variant, problem, result, scenario }: Cell): string[] {
  if (!result.violation) return [];
  const what = { invariant: 'broken', deadlock: 'deadlock', 'leads-to': 'never comes true' };
  return [
    '',
    `${variant}, ${problem}: ${what[result.violation.kind]}: ${result.violation.text}. The shortest way:`,
    '',
    ...interleaving(scenario, result.violation.path).map((line) => `  ${line}`.trimEnd()),
    ...(result.violation.goesRound ? ['  and so it goes on for ever, every process at its turn'] : []),
  ];
}
