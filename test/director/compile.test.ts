/** Counterexamples of the explorer become schedules, and every one of them can. */
import { expect, it } from 'vitest';
import { compileSchedule } from '../../src/director/compile.ts';
import { raceMapOf } from '../../src/director/races/index.ts';
import { vectorSetupMap } from '../../src/director/races/vector-setup.ts';
import { verbOf } from '../../src/director/schedule.ts';
import { explore } from '../../src/explore/explore.ts';
import { type Cell, raceTable } from '../../src/explore/race-table.ts';
import { unplugRace } from '../../src/model/race/unplug/race.ts';
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

it('two that begin are brought to their places, one after the other, before anybody is held at rest', async () => {
  const race = unplugRace.scenario('6.1', 'wipe', { raises: 2 });
  const path = explore(race).violation!.path.flatMap(({ action }) => (action ? [action] : []));
  const { steps } = compileSchedule('wipe', path, raceMapOf('unplug')!);
  const words = steps.map((step) => {
    const place = (step.at ?? step.to ?? []).at(-1);
    return [step.do ?? step.hold ?? step.rest ?? step.run ?? step.step ?? step.look, place?.function].join(
      ' ',
    );
  });
  expect(words.slice(0, 7)).toEqual([
    ...['close ', 'CPU0 pci_clear_master', 'switch-neighbour ', 'CPU2 x86_vector_activate', 'CPU1 '],
    ...['raise ', 'CPU0 free_irq'],
  ]);
  expect(words.slice(-5)).toEqual([
    ...['CPU2 pci_msi_unmask_irq', 'slot ', 'CPU2 register_irq_proc', 'CPU1 ', 'slot '],
  ]);
});

it('unplug: the map knows every action, and what can be forced is', () => {
  const map = raceMapOf('unplug')!;
  const forced = [...raceTable(unplugRace, Object.keys(unplugRace.variants), {})].flatMap((cell) => {
    for (const { id } of cell.scenario.actions) expect(Object.keys(map.actions)).toContain(id);
    const { violation } = cell.result;
    if (!violation) return [];
    const path = violation.path.flatMap(({ action }) => (action ? [action] : []));
    const compile = () => compileSchedule('x', path, map);
    // A device that is pulled out, or a step that nothing in the kernel shows the end of.
    if (path.some(({ id }) => id === 'vanish')) expect(compile).toThrow('QEMU asks the machine');
    else return compile().steps.length > 8 ? [`${cell.variant} ${cell.problem}`] : [];
    return [];
  });
  expect(forced).toEqual(expect.arrayContaining(['6.1 wipe', '6.1 foreign', '6.1 stray', '6.12 foreign']));
});

it('a request unmasks MSI-X by one function up to 6.17, and by another since', () => {
  for (const place of [vectorSetupMap.actions.unmask, raceMapOf('unplug')!.actions.start]) {
    const functions = place && 'before' in place ? place.before.map((one) => one.function) : [];
    expect(functions).toEqual(['pci_irq_unmask_msix', 'pci_irq_startup_msix', 'pci_msi_unmask_irq']);
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
