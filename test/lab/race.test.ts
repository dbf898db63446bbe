/** Labs that force a race: what fits together, and the plan that comes of it. */
import { expect, it, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import { labOf, problemsIn } from './load.ts';

const race = `title: Race
failure: interrupt-lost
host:
  devices:
    nic0: { kind: igb }
race: { owner: nic0, model: vector-setup }
remedies:
  inject: { after: [{ injectInterrupt: true }] }
variants:
  found: { race: { cure: none, problem: overwrite-vfio }, remedy: inject, expect: { verdict: reproduced, remedy: cured } }
  own: { race: { schedule: mine.yaml }, expect: { verdict: clean } }
  control: { race: { unforced: true }, expect: { verdict: clean } }
matrix: { kernel: ['6.1', '6.12'], usual: { kernel: ['6.1', '6.12'] } }
`;

function plan(text: string) {
  const planned = makePlan(labOf(text), { name: 'x', file: 'x.yaml' });
  if (!planned.ok) throw new Error(planned.problems.join('\n'));
  return planned.plan.variants;
}

it('each variant with its order, on every kernel', () => {
  const variants = plan(race);
  expect(variants.map(({ id }) => id)).toEqual([
    ...['6.1+found', '6.1+own', '6.1+control'],
    ...['6.12+found', '6.12+own', '6.12+control'],
  ]);
  expect(variants.slice(0, 3).map((variant) => variant.race?.order)).toEqual([
    { from: 'explorer', cure: 'none', problem: 'overwrite-vfio' },
    { from: 'file', file: 'mine.yaml' },
    { from: 'nobody' },
  ]);
  const [found] = variants;
  expect(found!.host.spec.gdbStub).toBe(true);
  expect(found!.traffic).toEqual([]);
  expect(found!.phases.flatMap(({ actions }) => actions.map((action) => action.do))).toEqual([
    ...['boot-host', 'load-modules', 'bind-driver', 'own-function', 'raise-interrupts', 'snapshot'],
    ...['force-race', 'await-interrupt', 'snapshot', 'inject-interrupt', 'raise-interrupts', 'snapshot'],
    'collect',
  ]);
});

it('without `usual` a run takes the first kernel', () => {
  const variants = plan(race.replace(", usual: { kernel: ['6.1', '6.12'] }", ''));
  expect(new Set(variants.map(({ axes }) => axes.kernel))).toEqual(new Set(['6.1']));
});

const neighbour = race
  .replace(
    '    nic0: { kind: igb }',
    '    nic0: { kind: igb }\n    nic1: { kind: igb, address: 10.0.2.16/24 }',
  )
  .replace('owner: nic0, model: vector-setup', 'owner: nic0, neighbour: nic1, model: unplug');

it('a neighbour: a third CPU, both devices with a program', () => {
  expect(problemsIn(neighbour)).toContain('host.cpus: a race with a neighbour takes three CPUs');
  const [first] = plan(neighbour.replace('host:', 'host:\n  cpus: 3'));
  expect(first!.race).toMatchObject({ function: 'nic0', neighbour: 'nic1', model: 'unplug' });
  expect(first!.phases.find(({ name }) => name === 'prepare-devices')!.actions).toEqual([
    { do: 'bind-driver', function: 'nic0', driver: 'vfio-pci' },
    { do: 'bind-driver', function: 'nic1', driver: 'vfio-pci' },
    { do: 'own-function' },
  ]);
});

test.each([
  ['owner: nic0', 'owner: nic0, neighbour: nic0', 'race.neighbour: a neighbour is another device'],
  ['owner: nic0', 'owner: nic0, neighbour: nic2', 'race.neighbour: unknown igb "nic2"'],
  ['owner: nic0', 'owner: nic1', '6:16: race.owner: unknown igb "nic1" (did you mean "nic0"?)'],
  ['{ kind: igb }', '{ kind: igb, vfs: [{ driver: none }] }', '6:16: race.owner: nic0 has VFs'],
  ['host:', 'host:\n  iommu: none', '7:16: race.owner: vfio-pci needs an IOMMU'],
  ['host:', 'host:\n  cpus: 1', '4:9: host.cpus: a race takes two CPUs'],
  ['race: { owner: nic0, model: vector-setup }\n', '', 'the lab has no `race:`'],
  ['race: { unforced: true }, ', '', '12:3: variants.control: this lab forces a race: say `race:`'],
  ['unforced: true', 'unforced: true, schedule: x', 'say one of `cure` with `problem`'],
  [', problem: overwrite-vfio', '', '`cure` goes with `problem`'],
  ['variants:', 'guests:\n  vm0: {}\nvariants:', 'a lab that forces a race has no guests'],
])('%s → %s: %s', (from, to, message) => {
  expect(race).toContain(from);
  expect(problemsIn(race.replace(from, () => to))).toContain(message);
});
