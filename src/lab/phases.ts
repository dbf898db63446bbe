/**
 * What a variant does, phase by phase. Deadlines are for the reference machine (2 cores, TCG), about four times
 * what was measured there; the runner multiplies them by how slow this machine is. A deadline is where we stop
 * waiting, not what a phase is expected to take.
 */
import { wordsOf } from '../faults/schema.ts';
import { diskPhases } from './phases-disks.ts';
import { intxPhases } from './phases-intx.ts';
import { racePhases } from './phases-race.ts';
import type { Action, DevicePlan, Moment, Phase, RootDevicePlan } from './plan.ts';
import type { Parts } from './plan-parts.ts';
import { endOf } from './schedule.ts';
import type { Lab, Step } from './schema.ts';
import { faultName } from './schema-schedule.ts';

export function phasesOf(lab: Lab, variantId: string, parts: Parts): Phase[] {
  const variant = lab.variants[variantId]!;
  const remedy = lab.remedies[variant.remedy];
  const owner = (fn: string) => parts.guests.find((g) => g.passthrough.some((p) => p.function === fn))!.id;
  const steps = (list: readonly Step[] | undefined) => (list ?? []).map((step) => actionOf(step, owner));
  const before = steps(remedy?.before);
  const after = steps(remedy?.after);
  const { disks, race, hostModules } = parts;
  if (disks) {
    const title = remedyTitle(lab, variant.remedy);
    return diskPhases({ disks, cpus: lab.host.cpus, hostModules, remedy: { title, before, after } });
  }
  if (lab.failure === 'vfio-intx-conflict') {
    const title = remedyTitle(lab, variant.remedy);
    return intxPhases(parts, { title, before, after });
  }
  if (race)
    return racePhases({
      race,
      hostModules,
      remedy: { title: remedyTitle(lab, variant.remedy), before, after },
    });
  const faults = variant.faults.map(faultName);
  const guests = parts.guests.map((guest) => guest.id);
  const machines = ['host', ...guests];

  return [
    phase('boot-host', 'Boot the host', 40, [
      { do: 'boot-host' },
      { do: 'load-modules', on: 'host', modules: hostModules },
    ]),
    phase('prepare-devices', 'Create VFs and bind their drivers', 40, [
      ...parts.devices.flatMap(prepare),
      ...parts.rootDevices.map(prepareRoot),
    ]),
    phase('boot-guests', `Boot ${guests.join(', ')}`, 60 + 60 * guests.length, [
      ...guests.map((guest): Action => ({ do: 'start-guest', guest })),
      ...guests.map((guest): Action => ({ do: 'await-guest', guest })),
    ]),
    phase('check-before', 'Check that everything works', 60, check(parts, machines, guests, 'before-fault')),
    phase('remedy-before', `Remedy: ${remedyTitle(lab, variant.remedy)}`, budgetOf(before), before),
    faultPhase(lab, faults, parts),
    phase('observe', 'See what the fault did', 45, [
      ...guests.map((guest): Action => ({ do: 'observe-guest', guest, moment: 'after-fault' })),
      // What a storm does to traffic is seen before a remedy is tried.
      ...(lab.failure === 'irq-nobody-cared' && after.length > 0
        ? parts.traffic.map(({ id }): Action => ({ do: 'check-traffic', traffic: id, moment: 'after-fault' }))
        : []),
      { do: 'snapshot', on: 'host', moment: 'after-fault' },
    ]),
    phase('remedy-after', `Remedy: ${remedyTitle(lab, variant.remedy)}`, budgetOf(after), after),
    phase('check-after', 'Check what still works', 90, check(parts, machines, guests, 'end')),
    phase(
      'heal',
      faults.every((id) => lab.faults[id]!.kind === 'aer') ? 'Clear the error status' : 'Undo the faults',
      20 * faults.length,
      faults.map((fault): Action => ({ do: 'heal', fault })),
    ),
    phase('collect', 'Collect the evidence', 60, [{ do: 'collect' }]),
  ].filter((p) => p.actions.length > 0);
}

/** One action a fault, or, with a schedule or invariants, one for all: those run beside each other. */
function faultPhase(lab: Lab, faults: string[], { schedule, invariants }: Parts): Phase {
  const title = faults.length > 0 ? `Inject ${faults.join(', ')}` : 'Check the invariants';
  if (schedule.length === 0 && invariants.length === 0)
    return phase(
      'fault',
      title,
      faults.reduce((sum, id) => sum + (wordsOf(lab.faults[id]!).seconds ?? 0), 30),
      faults.map((fault): Action => ({ do: 'inject', fault })),
    );
  const inOrder = faults.filter((id) => !schedule.some(({ fault }) => fault === id));
  const injections = schedule.reduce((sum, { atMs }) => sum + atMs.length, inOrder.length);
  // Each injection may be as slow as one alone: then the schedule is late, and that is on record.
  const seconds = 60 + Math.ceil(endOf(schedule) / 1000) + 30 * injections;
  return phase('fault', title, seconds, [{ do: 'run-schedule', inOrder, schedule }]);
}

export function remedyTitle(lab: Lab, remedy: string): string {
  return remedy === 'none' ? 'none' : (lab.remedies[remedy]?.title ?? remedy);
}

function phase(name: string, title: string, seconds: number, actions: Action[]): Phase {
  return { name, title, budgetMs: seconds * 1000, actions };
}

function prepare(device: DevicePlan): Action[] {
  return [
    { do: 'create-vfs', device: device.id },
    ...device.vfs
      .filter((vf) => vf.driver !== 'none')
      .map((vf): Action => ({ do: 'bind-driver', function: vf.name, driver: vf.driver })),
  ];
}

function prepareRoot({ id, driver }: RootDevicePlan): Action {
  if (driver === 'vfio-pci') return { do: 'bind-driver', function: id, driver };
  return { do: 'prepare-root-device', device: id };
}

function check(parts: Parts, machines: string[], guests: string[], moment: Moment): Action[] {
  return [
    ...guests.map((guest): Action => ({ do: 'observe-guest', guest, moment })),
    ...parts.traffic.map((traffic): Action => ({ do: 'check-traffic', traffic: traffic.id, moment })),
    ...machines.map((on): Action => ({ do: 'snapshot', on, moment })),
  ];
}

function actionOf(step: Step, owner: (fn: string) => string): Action {
  if (step.unplug !== undefined) return { do: 'unplug', guest: owner(step.unplug), function: step.unplug };
  if (step.plug !== undefined) return { do: 'plug', guest: owner(step.plug), function: step.plug };
  if (step.resetStoppedGuest !== undefined)
    return { do: 'reset-stopped-guest', guest: step.resetStoppedGuest };
  if (step.unplugDisks !== undefined) return { do: 'unplug-disks', count: step.unplugDisks };
  if (step.unbind !== undefined) return { do: 'unbind', function: step.unbind };
  if (step.remove !== undefined) return { do: 'remove', function: step.remove };
  if (step.startGuest !== undefined) return { do: 'start-guest', guest: step.startGuest, mayFail: true };
  if (step.injectInterrupt) return { do: 'inject-interrupt' };
  if (step.probeDisksAgain) return { do: 'probe-disks-again' };
  return { do: 'run', ...step.run! };
}

/** A reset boots the guest again; the other steps are short. */
function budgetOf(actions: Action[]): number {
  return actions.reduce((sum, action) => sum + (action.do === 'reset-stopped-guest' ? 120 : 30), 0);
}
