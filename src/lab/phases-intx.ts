/**
 * What a variant about INTx lines does: nothing is injected. Guests are started one by one, and whether each gets the
 * lines that its QEMU asks for is the question.
 */
import type { Action, Moment, Phase } from './plan.ts';
import type { Parts } from './plan-parts.ts';

interface Remedy {
  title: string;
  before: Action[];
  after: Action[];
}

export function intxPhases(
  { hostModules, devices, rootDevices, guests, traffic }: Parts,
  remedy: Remedy,
): Phase[] {
  const ids = guests.map(({ id }) => id);
  const look = (moment: Moment): Action => ({ do: 'snapshot', on: 'host', moment });
  const check = (moment: Moment): Action[] => [
    ...ids.map((guest): Action => ({ do: 'observe-guest', guest, moment })),
    ...traffic.map(({ id }): Action => ({ do: 'check-traffic', traffic: id, moment })),
    look(moment),
  ];
  const bind = [
    ...devices.flatMap(({ vfs }) => vfs.map(({ name, driver }) => ({ name, driver }))),
    ...rootDevices
      .filter(({ driver }) => driver === 'vfio-pci')
      .map(({ id, driver }) => ({ name: id, driver })),
  ].filter(({ driver }) => driver !== 'none');
  const started = remedy.after.flatMap((step) => (step.do === 'start-guest' ? [step.guest] : []));
  const all: [name: string, title: string, seconds: number, actions: Action[]][] = [
    [
      'boot-host',
      'Boot the host',
      40,
      [{ do: 'boot-host' }, { do: 'load-modules', on: 'host', modules: hostModules }],
    ],
    [
      'prepare-devices',
      'Look at the interrupt lines, and hand functions to vfio-pci',
      40,
      [
        ...devices.map(({ id }): Action => ({ do: 'create-vfs', device: id })),
        ...rootDevices
          .filter(({ driver }) => driver !== 'vfio-pci')
          .map(({ id }): Action => ({ do: 'prepare-root-device', device: id })),
        { do: 'probe-intx' },
        ...bind.map(({ name, driver }): Action => ({ do: 'bind-driver', function: name, driver })),
      ],
    ],
    ['remedy-before', `Remedy: ${remedy.title}`, 30 * remedy.before.length, remedy.before],
    [
      'start-guests',
      `Start ${ids.join(', ')}`,
      20 + 60 * ids.length,
      [
        look('before-guests'),
        ...ids.map((guest): Action => ({ do: 'start-guest', guest, mayFail: true })),
        ...ids.map((guest): Action => ({ do: 'await-guest', guest })),
      ],
    ],
    ['observe', 'See which guests run', 60, check('after-guests')],
    [
      'remedy-after',
      `Remedy: ${remedy.title}`,
      30 * remedy.after.length + 60 * started.length,
      [
        ...remedy.after.flatMap((step) =>
          // The model foretells this start too.
          step.do === 'start-guest' ? [look('before-restart'), step] : [step],
        ),
        ...started.map((guest): Action => ({ do: 'await-guest', guest })),
      ],
    ],
    ['check-after', 'See which guests run now', 60, remedy.after.length > 0 ? check('after-remedy') : []],
    ['collect', 'Collect the evidence', 60, [{ do: 'collect' }]],
  ];
  return all
    .filter(([, , , actions]) => actions.length > 0)
    .map(([name, title, seconds, actions]) => ({ name, title, budgetMs: seconds * 1000, actions }));
}
