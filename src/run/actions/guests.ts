/** Actions on guests: start, wait for, reset as a VM manager would, take a function away and give it back. */
import { LabBrokeError } from '../../errors.ts';
import { markClock } from '../../guest/clock.ts';
import { GuestDidNotStart } from '../../guest/launch.ts';
import { modprobeAll } from '../../guest/linux.ts';
import { NestedGuest } from '../../guest/nested.ts';
import { findByPath, listFunctions } from '../../guest/pci.ts';
import { configureLink } from '../../guest/traffic.ts';
import { guestOf, hostOf, type VariantContext } from '../context.ts';
import { guestPath } from '../places.ts';
import { waitOrGoOn } from '../wait.ts';
import { recordVersions } from './collect.ts';
import { bdfOf } from './devices.ts';

/** A stop follows the error within milliseconds; one that has not come after this is not coming. */
const stopBudgetMs = 5_000;

/** @param mayFail a QEMU that ends at once is put on record, and the run goes on without this guest */
export async function startGuest(
  ctx: VariantContext,
  id: string,
  mayFail: boolean,
  signal: AbortSignal,
): Promise<void> {
  const t0 = ctx.record.now();
  const started = (result: { started: boolean; exitCode?: number }) =>
    ctx.record.event({ kind: 'guest-start', machine: id, ...result, t0 });
  try {
    const guest = await launch(ctx, id, signal);
    ctx.guests.set(id, guest);
    ctx.watchGuest(guest);
    started({ started: true });
  } catch (error) {
    if (!mayFail || !(error instanceof GuestDidNotStart)) throw error;
    started({ started: false, exitCode: error.status });
  }
}

async function launch(ctx: VariantContext, id: string, signal: AbortSignal): Promise<NestedGuest> {
  const plan = ctx.plan.guests.find((g) => g.id === id)!;
  return await NestedGuest.start(
    {
      plan,
      index: ctx.plan.guests.indexOf(plan),
      host: hostOf(ctx).linux,
      log: ctx.record,
      record: ctx.record.machine(id),
      files: ctx.files.guestInHost,
      key: ctx.key,
      ...(ctx.hostFolder === undefined ? {} : { folder: ctx.hostFolder }),
      bdfOf: (name) => bdfOf(ctx, name),
      scaled: ctx.scaled,
    },
    signal,
  );
}

export async function awaitGuest(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const guest = ctx.guests.get(id);
  // Its start may fail, and did: `guest-start` says so.
  if (!guest) return;
  await bringUp(ctx, guest, 0, signal);
  await recordVersions(ctx, guest.linuxOrThrow(), signal);
}

/** After a boot whose console begins at line `from`: logged in, drivers loaded, links with their addresses. */
async function bringUp(
  ctx: VariantContext,
  guest: NestedGuest,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  await guest.connect(from, signal);
  const linux = guest.linuxOrThrow();
  await markClock(linux, ctx.record, signal);
  await linux.must(modprobeAll(guest.plan.modules), signal);
  await configureGuestLinks(ctx, guest, signal);
}

/** Gives every passed-through NIC function its address, once its driver has made an interface. */
async function configureGuestLinks(
  ctx: VariantContext,
  guest: NestedGuest,
  signal: AbortSignal,
): Promise<void> {
  const linux = guest.linuxOrThrow();
  for (const { function: name } of guest.plan.passthrough) {
    const vf = ctx.plan.devices.flatMap((d) => d.vfs).find((v) => v.name === name);
    const address = vf?.address ?? ctx.plan.rootDevices?.find((d) => d.id === name)?.address;
    if (!address) continue;
    const path = guestPath(guest.plan, name);
    const found = findByPath(await listFunctions(linux, signal), path);
    if (!found) {
      throw new LabBrokeError(`${guest.id}: no PCI function at ${path}, where ${name} should be`, {
        code: 'FUNCTION_MISSING',
      });
    }
    await configureLink(linux, found.bdf, address, signal);
  }
}

export async function resetStoppedGuest(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const guest = guestOf(ctx, id);
  const step = (state: 'begin' | 'end', detail: string) =>
    ctx.record.event({ kind: 'remedy', step: 'reset-stopped-guest', machine: id, state, detail });
  step('begin', 'waiting for the stop');
  const stopped = await waitOrGoOn(ctx.scaled(stopBudgetMs), signal, async (s) => {
    const { running } = await guest.qmp.execute('query-status', undefined, s);
    if (running) await guest.qmp.waitForEvent('STOP', { from: 'start', signal: s });
    return true;
  });
  if (!stopped) {
    step('end', 'the guest did not stop: nothing to reset');
    return;
  }
  const mark = guest.serial.mark();
  await guest.qmp.execute('system_reset', undefined, signal);
  await guest.qmp.execute('cont', undefined, signal);
  await bringUp(ctx, guest, mark, signal);
  step('end', 'system_reset and cont; the guest booted again');
}

export async function unplug(
  ctx: VariantContext,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const guest = guestOf(ctx, id);
  const qdevId = guest.plan.passthrough.find((p) => p.function === name)!.qdevId;
  ctx.record.event({ kind: 'remedy', step: 'unplug', machine: id, state: 'begin', detail: name });
  const mark = guest.qmp.mark();
  await guest.qmp.execute('device_del', { id: qdevId }, signal);
  await guest.qmp.waitForEvent('DEVICE_DELETED', {
    from: mark,
    where: ({ data }) => data.device === qdevId,
    signal,
  });
  ctx.record.event({ kind: 'remedy', step: 'unplug', machine: id, state: 'end', detail: name });
}

export async function plug(
  ctx: VariantContext,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const guest = guestOf(ctx, id);
  ctx.record.event({ kind: 'remedy', step: 'plug', machine: id, state: 'begin', detail: name });
  await guest.plug(name, bdfOf(ctx, name), signal);
  const path = guestPath(guest.plan, name);
  // The hot-plug is done when the guest's kernel has found the function.
  while (!findByPath(await listFunctions(guest.linuxOrThrow(), signal), path)) signal.throwIfAborted();
  await configureGuestLinks(ctx, guest, signal);
  ctx.record.event({ kind: 'remedy', step: 'plug', machine: id, state: 'end', detail: name });
}
