/** Actions on the host's PCI devices: virtual functions made and handed to their drivers. */

import { LabBrokeError } from '../../errors.ts';
import type { PciFunctionRecord } from '../../evidence/record.ts';
import { bindDriver, findByPath, listFunctions, type SysfsFunction } from '../../guest/pci.ts';
import { configureLink } from '../../guest/traffic.ts';
import type { DevicePlan } from '../../lab/plan.ts';
import { hostOf, type VariantContext } from '../context.ts';

/** Brings the PF up, enables its VFs with driver autoprobing off, and puts all functions on record. */
export async function createVfs(ctx: VariantContext, deviceId: string, signal: AbortSignal): Promise<void> {
  const { linux } = hostOf(ctx);
  const device = ctx.plan.devices.find((d) => d.id === deviceId)!;
  const pf = requireFunction(locate(await listFunctions(linux, signal), device), device);
  const sysfs = `/sys/bus/pci/devices/${pf.bdf}`;
  if (device.kind === 'igb' && device.address) await configureLink(linux, pf.bdf, device.address, signal);
  // A device that is planned without VFs may have no SR-IOV capability at all.
  if (device.vfs.length > 0) {
    await linux.must(
      `echo 0 > ${sysfs}/sriov_drivers_autoprobe && echo ${device.vfs.length} > ${sysfs}/sriov_numvfs`,
      signal,
    );
    if (device.kind === 'nvme') await giveNvmeResources(ctx, pf.bdf, device.vfs.length, signal);
    for (const vf of device.vfs) {
      if (device.kind !== 'igb' || !vf.mac) continue;
      await linux.must(`ip link set $(ls ${sysfs}/net) vf ${vf.index} mac ${vf.mac}`, signal);
    }
  }
  await refreshFunctions(ctx, signal);
}

/** Waits until the driver has it (modprobe returns when the probe is done, most drivers' at least), and brings its link up. */
export async function prepareRootDevice(ctx: VariantContext, id: string, signal: AbortSignal): Promise<void> {
  const { linux } = hostOf(ctx);
  const { path, driver, address } = ctx.plan.rootDevices!.find((d) => d.id === id)!;
  const bdf = `0000:${path}`;
  if (driver !== 'none')
    await linux.must(
      `d=/sys/bus/pci/devices/${bdf}/driver; until [ "$(basename "$(readlink -f $d)")" = ${driver} ]; do sleep 0.1; done`,
      signal,
    );
  if (address) await configureLink(linux, bdf, address, signal);
  await refreshFunctions(ctx, signal);
}

export async function bindFunction(
  ctx: VariantContext,
  name: string,
  driver: string,
  signal: AbortSignal,
): Promise<void> {
  const { linux } = hostOf(ctx);
  if (!ctx.functions.has(name)) await refreshFunctions(ctx, signal);
  const bdf = bdfOf(ctx, name);
  await linux.must(`modprobe ${driver}`, signal);
  await bindDriver(linux, bdf, driver, signal);
  const vf = ctx.plan.devices.flatMap((d) => d.vfs).find((v) => v.name === name);
  if (vf?.owner === 'host' && vf.address && driver !== 'vfio-pci')
    await configureLink(linux, bdf, vf.address, signal);
  await refreshFunctions(ctx, signal);
}

/** By its place in the tree that we built ourselves, or by its address on a real host. */
function locate(all: SysfsFunction[], { path, bdf }: DevicePlan): SysfsFunction | undefined {
  return bdf === undefined ? findByPath(all, path) : all.find((f) => f.bdf === bdf);
}

/** BDF on the host of a function by its plan name: `nic0`, `nic0.vf1`, or a port's qdev id. */
export function bdfOf(ctx: VariantContext, name: string): string {
  const bdf = ctx.functions.get(name)?.bdf;
  if (!bdf) throw new LabBrokeError(`the host has no function ${name}`, { code: 'FUNCTION_MISSING' });
  return bdf;
}

/** Reads the host's PCI functions anew and records those that the plan names, with driver and owner. */
export async function refreshFunctions(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const all = await listFunctions(hostOf(ctx).linux, signal);
  ctx.functions.clear();
  ctx.sysfs = all;
  const record = (name: string, owner: string, found: SysfsFunction | undefined) => {
    if (!found) return;
    const { bdf, vendor, device, driver, isVf, hasAer } = found;
    const parent = found.path.at(-2);
    ctx.functions.set(name, {
      ...{ name, bdf, vendor, device, owner, isVf, hasAer },
      ...(parent ? { parent } : {}),
      ...(driver ? { driver } : {}),
    });
  };
  for (const port of ctx.plan.host.spec.pci) {
    if (port.kind !== 'root-port') continue;
    const path = `00:${port.slot.toString(16).padStart(2, '0')}.0`;
    record(port.id, 'host', findByPath(all, path));
    if (port.child?.kind === 'switch') {
      record(port.child.id, 'host', findByPath(all, `${path}/00.0`));
      for (const leg of port.child.downstream)
        record(leg.id, 'host', findByPath(all, `${path}/00.0/${leg.slot.toString(16).padStart(2, '0')}.0`));
    }
  }
  for (const device of ctx.plan.devices) {
    const pf = locate(all, device);
    record(
      device.port,
      'host',
      device.bdf === undefined
        ? findByPath(all, device.path.split('/').slice(0, -1).join('/'))
        : all.find((f) => f.bdf === pf?.path.at(-2)),
    );
    record(device.id, 'host', pf);
    for (const vf of device.vfs) {
      record(
        vf.name,
        vf.owner,
        all.find((f) => f.bdf === pf?.vfs[vf.index]),
      );
    }
  }
  for (const { id, path, owner } of ctx.plan.rootDevices ?? []) record(id, owner, findByPath(all, path));
  const functions: PciFunctionRecord[] = [...ctx.functions.values()];
  ctx.record.event({ kind: 'functions', machine: 'host', functions });
}

/**
 * An nvme VF has no queues and no interrupts of its own until the PF's controller gives it some, and is offline
 * until told otherwise (NVM Express base specification, Virtualization Management; QEMU hw/nvme/ctrl.c,
 * nvme_virt_mngmt).
 */
async function giveNvmeResources(
  ctx: VariantContext,
  bdf: string,
  vfs: number,
  signal: AbortSignal,
): Promise<void> {
  const { linux } = hostOf(ctx);
  const controller = (await linux.must(`ls /sys/bus/pci/devices/${bdf}/nvme`, signal)).trim();
  const steps = Array.from({ length: vfs }, (_, i) => i + 1).flatMap((c) => [
    `nvme virt-mgmt /dev/${controller} -c ${c} -r 0 -a 8 -n 3`,
    `nvme virt-mgmt /dev/${controller} -c ${c} -r 1 -a 8 -n 3`,
    `nvme virt-mgmt /dev/${controller} -c ${c} -r 0 -a 9 -n 0`,
  ]);
  await linux.must(steps.join(' && '), signal);
}

function requireFunction(found: SysfsFunction | undefined, device: DevicePlan): SysfsFunction {
  if (found) return found;
  throw new LabBrokeError(`the host has no PCI function at ${device.path} (${device.id})`, {
    code: 'FUNCTION_MISSING',
    next: 'Look for the port and its link in host.dmesg.',
  });
}
