/** An interleaving as kernel developers draw it: time goes down, one column a process. */
import type { Step } from '../explore/space.ts';
import type { Scenario } from '../model/race/scenario.ts';
import { table } from './table.ts';

export function interleaving(scenario: Scenario, path: readonly Step[]): string[] {
  // Whoever does nothing on this way needs no column.
  const columns = scenario.processes.filter((process) =>
    path.some((step) => step.action?.process === process),
  );
  const rows = path
    .filter((step) => step.action)
    .map((step) => columns.map((process) => (step.action!.process === process ? step.action!.text : '')));
  const end = path.at(-1);
  return [
    ...table([columns, columns.map((name) => '-'.repeat(name.length)), ...rows]),
    ...(end ? ['', `then: ${scenario.describe(end.state)}`] : []),
  ];
}
