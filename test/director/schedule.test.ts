/** Schedules as a person writes them, and what is said of a slip. */
import { expect, it } from 'vitest';
import { loadSchedule } from '../../src/director/load.ts';
import { symbolsOf } from '../../src/director/schedule.ts';
import { formatProblem } from '../../src/lab/problem.ts';

const good = `title: late
steps:
  - do: switch
  - { hold: CPU0, at: { function: free_irq, where: { irq: '{irq}' } } }
  - { rest: CPU1 }
  - run: CPU1
    to:
      - { in: __common_interrupt, calls: lock_vector_lock }
      - { in: __common_interrupt, writes: vector_irq }
    note: sees VECTOR_SHUTDOWN
  - { look: slot, expect: shutdown, withinMs: 10 }
  - { release: all }
`;

it('one place or several, and every symbol that has to be looked up', () => {
  const loaded = loadSchedule(good, 's.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  expect(loaded.schedule.steps[1]!.at).toEqual([{ function: 'free_irq', where: { irq: '{irq}' } }]);
  expect(loaded.schedule.steps[3]!.to).toHaveLength(2);
  expect(symbolsOf(loaded.schedule)).toEqual([
    'free_irq',
    '__common_interrupt',
    'lock_vector_lock',
    'vector_irq',
  ]);
});

it.each([
  ['{ rest: CPU1 }', '{ rest: cpu1 }', 's.yaml:5:13: steps[2].rest: a CPU is CPU0, CPU1, …'],
  ['{ rest: CPU1 }', '{ rest: CPU1, do: x }', 's.yaml:5:5: steps[2]: a step says one of hold, rest, run'],
  ['rest: CPU1', 'rests: CPU1', 's.yaml:5:7: steps[2].rests: unknown key'],
  ['function: free_irq, ', '', 's.yaml:4:23: steps[1].at: a place is either `function: NAME`'],
  ["'{irq}'", 'irq', 's.yaml:4:59: steps[1].at.where.irq: a number, or {name}'],
  [', calls: lock_vector_lock', '', 's.yaml:8:9: steps[3].to[0]: an instruction is told by one of'],
  ['    to:', '    at:', 's.yaml:6:5: steps[3]: `hold` goes with `at`'],
  ['title: late\n', '', 's.yaml:1:1: title: missing: a string'],
  ['steps:', 'steps: [', 's.yaml:'],
])('%s → %s: %s', (from, to, message) => {
  const loaded = loadSchedule(good.replace(from, to), 's.yaml');
  if (loaded.ok) throw new Error('nothing was found wrong');
  expect(loaded.problems.map(formatProblem).join('\n')).toContain(message);
});
