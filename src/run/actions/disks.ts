/** Actions on many virtio-blk disks: load their driver, plug them in, take some away, see which of them work. */
import { readFile } from 'node:fs/promises';
import { putFile } from '../../guest/files.ts';
import { listVirtioDevices } from '../../guest/virtio.ts';
import { diskDevice, diskId, diskPortId } from '../../lab/disks.ts';
import type { Moment } from '../../lab/plan.ts';
import { nullDiskProperties } from '../../machine/args-pci.ts';
import { hostOf, type VariantContext } from '../context.ts';

/**
 * The console is a slow device: it gets errors only while cold disks are probed, and the one line that tells the
 * outcome of a probe (a notice or a warning) while they are plugged in. The kernel's log has it all.
 */
const consoleLevel = { cold: 4, hot: 6 };

/** Where a patched driver is put; what it depends on is loaded for the control NIC. */
const patchedDriver = '/run/virtio_blk.ko';

const probed = /virtio_blk virtio\d+: (?:\[\w+\] |probe with driver)|: probe of virtio\d+ failed/;

export async function loadDiskDriver(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const { plug, driver } = ctx.plan.disks!;
  const { linux } = hostOf(ctx);
  const load = driver ? `insmod ${patchedDriver}` : 'modprobe virtio_blk';
  if (driver) await putFile(linux, patchedDriver, await readFile(ctx.files.diskDriver!), signal);
  await linux.must(`echo ${consoleLevel[plug]} > /proc/sys/kernel/printk && ${load}`, signal);
}

export async function plugDisks(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const { machine } = hostOf(ctx);
  const { count, queues } = ctx.plan.disks!;
  for (let i = 0; i < count; i += 1) {
    const mark = machine.serial.mark();
    const properties = { ...nullDiskProperties(diskDevice(i, queues)), bus: diskPortId(i) };
    await machine.qmp.execute('device_add', properties, signal);
    await machine.serial.waitForLine(probed, { from: mark, signal });
  }
}

export async function unplugDisks(ctx: VariantContext, count: number, signal: AbortSignal): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => diskId(i));
  const detail = count === 1 ? ids[0]! : `${ids[0]} to ${ids.at(-1)}`;
  ctx.record.event({ kind: 'remedy', step: 'unplug-disks', machine: 'host', state: 'begin', detail });
  await (ctx.plan.disks!.plug === 'hot' ? unplugHot(ctx, ids, signal) : removeCold(ctx, count, signal));
  ctx.record.event({ kind: 'remedy', step: 'unplug-disks', machine: 'host', state: 'end', detail });
}

/** The kernel lets go 5 s after the button was pressed (pciehp), so all buttons are pressed first. */
async function unplugHot(ctx: VariantContext, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { qmp } = hostOf(ctx).machine;
  const mark = qmp.mark();
  for (const id of ids) await qmp.execute('device_del', { id }, signal);
  for (const id of ids)
    await qmp.waitForEvent('DEVICE_DELETED', { from: mark, where: ({ data }) => data.device === id, signal });
}

/** A conventional bridge has no hot-plug that our kernels drive: the kernel is told to forget the function. */
async function removeCold(ctx: VariantContext, count: number, signal: AbortSignal): Promise<void> {
  const { linux } = hostOf(ctx);
  const devices = await listVirtioDevices(linux, signal);
  const first = devices.filter(({ block }) => block !== null).slice(0, count);
  const files = first.map(({ bdf }) => `/sys/bus/pci/devices/${bdf}/remove`);
  await linux.must(`for f in ${files.join(' ')}; do echo 1 > $f || exit 1; done`, signal);
}

/** A disk has device id 2; one without a driver is one whose probe failed. */
export async function probeDisksAgain(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const step = (state: 'begin' | 'end', detail: string) =>
    ctx.record.event({ kind: 'remedy', step: 'probe-disks-again', machine: 'host', state, detail });
  const { linux } = hostOf(ctx);
  const failed = (await listVirtioDevices(linux, signal)).filter(
    ({ deviceId, driver }) => deviceId === 2 && driver === null,
  );
  step('begin', `${failed.length} disks without a driver`);
  // One that fails again says so in the kernel's log; it must not keep the others from being tried.
  const names = failed.map(({ name }) => name).join(' ');
  await linux.run(
    `for n in ${names}; do echo $n > /sys/bus/virtio/drivers/virtio_blk/bind; done 2>&1`,
    signal,
  );
  step('end', `${failed.length} disks probed once more`);
}

/**
 * A block from each: all in one process, which is what takes time, and one by one only if some do not answer. A
 * disk whose interrupts never come does not; five seconds are enough for one that works.
 */
const readScript = `all=
for b in /sys/bus/virtio/devices/*/block/*; do [ -e "$b" ] && all="$all /dev/\${b##*/}"; done
set -- $all
got=$([ $# -eq 0 ] || timeout 20 head -qc 512 "$@" 2>/dev/null | wc -c)
if [ "$got" = $(($# * 512)) ]; then printf '+ %s\\n' "$@"; exit; fi
for b; do
  if timeout 5 head -c 512 $b >/dev/null 2>&1; then echo "+ $b"; else echo "- $b"; fi
done`;

export async function readDisks(ctx: VariantContext, moment: Moment, signal: AbortSignal): Promise<void> {
  const t0 = ctx.record.now();
  const { stdout } = await hostOf(ctx).linux.ssh.exec(readScript, signal);
  const named = (sign: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${sign} /dev/`) ? [line.slice(7)] : []));
  const failed = named('-');
  ctx.record.event({ kind: 'disks-read', machine: 'host', moment, worked: named('+').length, failed, t0 });
}
