/** An interleaving as kernel developers draw it: time goes down, one column a process. */
import type { Step } from '../explore/space.ts';
import type { Scenario } from '../model/race/scenario.ts';
import { table } from './table.ts';

export function interleaving(scenario: Scenario, path: readonly Step[]): string[] {
  const end = path.at(-1);
  return [
    ...columns(
      scenario.processes,
      path.flatMap(({ action }) => (action ? [action] : [])),
    ),
    ...(end ? ['', `then: ${scenario.describe(end.state)}`] : []),
  ];
}

/** One column a process, in the order given, one line a step. */
export function columns(
  processes: readonly string[],
  steps: readonly { process: string; text: string }[],
): string[] {
  // Whoever does nothing on this way needs no column.
  const used = processes.filter((process) => steps.some((step) => step.process === process));
  const rows = steps.map((step) => used.map((process) => (step.process === process ? step.text : '')));
  return table([used, used.map((name) => '-'.repeat(name.length)), ...rows]);
}
