/** Counterexamples of the explorer become schedules, and every one of them can. */
import { expect, it } from 'vitest';
import { compileSchedule } from '../../src/director/compile.ts';
import { raceMapOf } from '../../src/director/races/index.ts';
import { vectorSetupMap } from '../../src/director/races/vector-setup.ts';
import { verbOf } from '../../src/director/schedule.ts';
import { type Cell, raceTable } from '../../src/explore/race-table.ts';
import { vectorSetupRace } from '../../src/model/race/vector-setup/race.ts';

const cells = [...raceTable(vectorSetupRace, Object.keys(vectorSetupRace.variants), {})];
const pathOf = ({ result }: Cell) => result.violation!.path.flatMap(({ action }) => (action ? [action] : []));
const find = (variant: string, problem: string) =>
  cells.find((cell) => cell.variant === variant && cell.problem === problem)!;

it('the overwrite, step by step', () => {
  const { steps } = compileSchedule('overwrite', pathOf(find('none', 'overwrite-vfio')), vectorSetupMap);
  const words = steps.map((step) => {
    const [place] = step.at ?? step.to ?? [];
    const what = step.do ?? step.look ?? place?.function ?? place?.calls;
    return [verbOf(step), step.hold ?? step.rest ?? step.run ?? step.step, what, step.expect]
      .filter((word) => word !== undefined)
      .join(' ');
  });
  expect(words).toEqual([
    'do switch',
    'hold CPU0 free_irq',
    'rest CPU1',
    'do raise',
    'run CPU0 __synchronize_irq',
    'run CPU0 msi_domain_deactivate',
    'run CPU0 x86_vector_deactivate',
    'run CPU0 x86_vector_activate',
    'look slot shutdown',
    'run CPU1 lock_vector_lock',
    'run CPU0 msi_domain_activate',
    'look slot descriptor',
    'run CPU0 pci_irq_unmask_msix',
    'run CPU0 register_irq_proc',
    'step CPU1',
    'look slot',
  ]);
});

it('the map knows every action of the model, and every counterexample compiles that a kernel can have', () => {
  for (const { scenario } of cells)
    for (const { id } of scenario.actions) expect(Object.keys(vectorSetupMap.actions)).toContain(id);
  const broken = cells.filter(({ result }) => result.violation);
  expect(broken.length).toBeGreaterThan(5);
  for (const cell of broken) {
    const compile = () => compileSchedule(cell.variant, pathOf(cell), raceMapOf(cell.scenario.name)!);
    const ids = pathOf(cell).map(({ id }) => id);
    if (ids.includes('repair') || ids.includes('guest-mask'))
      expect(compile).toThrow(/no kernel that was shipped|a guest with its QEMU/);
    else expect(compile().steps.length).toBeGreaterThan(8);
  }
});

it('what has no place is refused', () => {
  const path = [{ process: 'CPU0', id: 'mask', text: 'mask' }];
  const map = { ...vectorSetupMap, actions: {} };
  expect(() => compileSchedule('x', path, map)).toThrow('does not say where "mask" (mask) is');
  // Somebody acts after it, and nothing says when it is done.
  const then = [...path, { process: 'CPU1', id: 'enter', text: 'enter' }];
  expect(() => compileSchedule('x', then, vectorSetupMap)).toThrow('does not say where "mask" is done');
});
