/** One action of the plan → the code that does it. */
import { modprobeAll } from '../guest/linux.ts';
import type { Action } from '../lab/plan.ts';
import { adoptHost } from './actions/adopt.ts';
import { bootHost } from './actions/boot.ts';
import { collect, snapshot } from './actions/collect.ts';
import { bindFunction, createVfs, prepareRootDevice } from './actions/devices.ts';
import { loadDiskDriver, plugDisks, probeDisksAgain, readDisks, unplugDisks } from './actions/disks.ts';
import { healFault, injectFault } from './actions/fault.ts';
import { forceRace } from './actions/force-race.ts';
import { awaitGuest, plug, resetStoppedGuest, startGuest, unplug } from './actions/guests.ts';
import { letGo, probeIntx } from './actions/intx.ts';
import { observeGuest } from './actions/observe.ts';
import { awaitInterrupt, injectInterrupt, ownFunction, raiseInterrupts } from './actions/race.ts';
import { runSchedule } from './actions/schedule.ts';
import { checkTraffic } from './actions/traffic.ts';
import { machineOf, type VariantContext } from './context.ts';

export async function execute(ctx: VariantContext, action: Action, signal: AbortSignal): Promise<void> {
  switch (action.do) {
    case 'boot-host':
      return await bootHost(ctx, signal);
    case 'adopt-host':
      return await adoptHost(ctx, signal);
    case 'load-modules':
      return await loadModules(ctx, action.on, action.modules, signal);
    case 'create-vfs':
      return await createVfs(ctx, action.device, signal);
    case 'prepare-root-device':
      return await prepareRootDevice(ctx, action.device, signal);
    case 'bind-driver':
      return await bindFunction(ctx, action.function, action.driver, signal);
    case 'start-guest':
      return await startGuest(ctx, action.guest, action.mayFail === true, signal);
    case 'await-guest':
      return await awaitGuest(ctx, action.guest, signal);
    case 'check-traffic':
      await checkTraffic(ctx, action.traffic, action.moment, signal);
      return;
    case 'snapshot':
      return await snapshot(ctx, action.on, action.moment, signal);
    case 'inject':
      return await injectFault(ctx, { fault: action.fault, occurrence: 0 }, signal);
    case 'run-schedule':
      return await runSchedule(ctx, action, signal);
    case 'heal':
      return await healFault(ctx, action.fault, signal);
    case 'observe-guest':
      return await observeGuest(ctx, action.guest, action.moment, signal);
    case 'reset-stopped-guest':
      return await resetStoppedGuest(ctx, action.guest, signal);
    case 'unplug':
      return await unplug(ctx, action.guest, action.function, signal);
    case 'plug':
      return await plug(ctx, action.guest, action.function, signal);
    case 'probe-intx':
      return await probeIntx(ctx, signal);
    case 'unbind':
    case 'remove':
      return await letGo(ctx, action, signal);
    case 'load-disk-driver':
      return await loadDiskDriver(ctx, signal);
    case 'plug-disks':
      return await plugDisks(ctx, signal);
    case 'unplug-disks':
      return await unplugDisks(ctx, action.count, signal);
    case 'probe-disks-again':
      return await probeDisksAgain(ctx, signal);
    case 'read-disks':
      return await readDisks(ctx, action.moment, signal);
    case 'own-function':
      return await ownFunction(ctx, signal);
    case 'raise-interrupts':
      await raiseInterrupts(ctx, action.moment, signal);
      return;
    case 'force-race':
      await forceRace(ctx, signal);
      return;
    case 'await-interrupt':
      await awaitInterrupt(ctx, signal);
      return;
    case 'inject-interrupt':
      return await injectInterrupt(ctx, signal);
    case 'run':
      await machineOf(ctx, action.on)?.must(action.command, signal);
      return;
    case 'collect':
      return await collect(ctx, signal);
  }
}

async function loadModules(
  ctx: VariantContext,
  on: string,
  modules: string[],
  signal: AbortSignal,
): Promise<void> {
  const machine = machineOf(ctx, on);
  if (!machine) return;
  // Which KVM module a host takes follows from its CPU: SVM under TCG, whatever the real one has under KVM.
  const kvm = modules.includes('{kvm}')
    ? `modprobe $(grep -qw vmx /proc/cpuinfo && echo kvm-intel || echo kvm-amd) && `
    : '';
  await machine.must(kvm + modprobeAll(modules.filter((name) => name !== '{kvm}')), signal);
}
