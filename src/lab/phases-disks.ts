/** What a variant with many disks does: nothing is injected, the disks are the fault. */
import type { Action, DisksPlan, Moment, Phase } from './plan.ts';

interface Parts {
  disks: DisksPlan;
  cpus: number;
  hostModules: string[];
  remedy: { title: string; before: Action[]; after: Action[] };
}

/** Seconds at reference speed, about four times what was measured there. */
const bootSeconds = (cpus: number, disks: number) => 40 + 8 * Math.max(0, cpus - 4) + 0.5 * disks;
const probeSeconds = (cpus: number, disks: number) => 20 + disks * (0.25 + 0.02 * cpus);

export function diskPhases({ disks, cpus, hostModules, remedy }: Parts): Phase[] {
  const look = (moment: Moment): Action => ({ do: 'snapshot', on: 'host', moment });
  const read = (moment: Moment): Action => ({ do: 'read-disks', moment });
  const hot = disks.plug === 'hot';
  const lookSeconds = 30 + disks.count * 0.25;
  const phases: [name: string, title: string, seconds: number, actions: Action[]][] = [
    [
      'boot-host',
      'Boot the host',
      bootSeconds(cpus, disks.count),
      [{ do: 'boot-host' }, { do: 'load-modules', on: 'host', modules: hostModules }],
    ],
    ['remedy-before', `Remedy: ${remedy.title}`, 30 * remedy.before.length, remedy.before],
    ['check-before', 'Look at the interrupts before the disks', lookSeconds, [look('before-disks')]],
    [
      'disks',
      hot ? `Plug ${disks.count} disks in` : `Probe ${disks.count} disks`,
      probeSeconds(cpus, disks.count) * (hot ? 2 : 1),
      [{ do: 'load-disk-driver' }, ...(hot ? [{ do: 'plug-disks' } as const] : [])],
    ],
    ['observe', 'See which disks work', lookSeconds, [look('after-disks'), read('after-disks')]],
    [
      'remedy-after',
      `Remedy: ${remedy.title}`,
      remedy.after.length * probeSeconds(cpus, disks.count),
      remedy.after,
    ],
    [
      'check-after',
      'See which disks work now',
      lookSeconds,
      remedy.after.length > 0 ? [look('after-remedy'), read('after-remedy')] : [],
    ],
    ['collect', 'Collect the evidence', 60 + disks.count * 0.1, [{ do: 'collect' }]],
  ];
  return phases
    .filter(([, , , actions]) => actions.length > 0)
    .map(([name, title, seconds, actions]) => ({
      name,
      title,
      budgetMs: Math.round(seconds) * 1000,
      actions,
    }));
}
