/** What a variant does that forces a race: nothing is injected, the order of the CPUs is the fault. */
import type { Action, Moment, Phase, RacePlan } from './plan.ts';

interface Parts {
  race: RacePlan;
  hostModules: string[];
  remedy: { title: string; before: Action[]; after: Action[] };
}

export function racePhases({ race, hostModules, remedy }: Parts): Phase[] {
  const raise = (moment: Moment): Action => ({ do: 'raise-interrupts', moment });
  const functions = [race.function, ...(race.neighbour === undefined ? [] : [race.neighbour])];
  const look = (moment: Moment): Action => ({ do: 'snapshot', on: 'host', moment });
  const phases: [name: string, title: string, seconds: number, actions: Action[]][] = [
    [
      'boot-host',
      'Boot the host',
      40,
      [{ do: 'boot-host' }, { do: 'load-modules', on: 'host', modules: hostModules }],
    ],
    [
      'prepare-devices',
      `Give ${functions.join(' and ')} to ${functions.length === 1 ? 'a program' : 'programs'}, through VFIO`,
      30,
      [
        ...functions.map((name): Action => ({ do: 'bind-driver', function: name, driver: 'vfio-pci' })),
        { do: 'own-function' },
      ],
    ],
    [
      'check-before',
      'Check that its interrupts are handled',
      40,
      [raise('before-fault'), look('before-fault')],
    ],
    ['remedy-before', `Remedy: ${remedy.title}`, 30 * remedy.before.length, remedy.before],
    ['fault', 'Force the race', 60, [{ do: 'force-race' }]],
    [
      'observe',
      'See whether the interrupt was handled',
      30,
      [{ do: 'await-interrupt' }, look('after-fault')],
    ],
    ['remedy-after', `Remedy: ${remedy.title}`, 30 * remedy.after.length, remedy.after],
    ['check-after', 'Check whether later ones are', 40, [raise('end'), look('end')]],
    ['collect', 'Collect the evidence', 60, [{ do: 'collect' }]],
  ];
  return phases
    .filter(([, , , actions]) => actions.length > 0)
    .map(([name, title, seconds, actions]) => ({ name, title, budgetMs: seconds * 1000, actions }));
}
