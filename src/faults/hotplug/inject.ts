/** One cycle: in, used, out. Every step is on record; what does not come within its bound is not waited for. */
import { quote } from '../../shell.ts';
import type { FaultContext } from '../fault.ts';
import type { HotplugFault, UnplugWay } from './schema.ts';
import { awaitCard, awaitRest, isSeatEmpty, onOneCpu, powerOffCommand, pullCommand } from './slot.ts';

export interface Cycle {
  way: UnplugWay;
  /** Address of the function, once its driver had it. */
  card: string | undefined;
  /** VFs that the kernel had. */
  vfs: number;
  /** Of a surprise: the port sees no card in its slot any more. */
  seatEmpty?: boolean;
  /** QEMU let the device go. */
  deleted: boolean;
  /** The slot came to rest. */
  rested: boolean;
}

/** At reference speed. A press takes 5 s to work, and a removal with VFs some seconds more. */
const comeBudgetMs = 10_000;
const goBudgetMs = 20_000;
const restBudgetMs = 6_000;

export async function injectHotplug(
  fault: HotplugFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Cycle> {
  const { host, hostMachine } = ctx;
  const { qmp } = hostMachine;
  const way = fault.unplug[Math.floor(ctx.random() * fault.unplug.length)]!;
  const pauseMs = Math.floor(ctx.random() * 300);
  const port = ctx.bdfOf(fault.port);
  const looks = (budgetMs: number) => Math.ceil(ctx.scaled(budgetMs) / 100);
  const id = `${fault.port}-card${ctx.occurrence}`;
  const t0 = ctx.now();

  const network = `10.1.${100 + Object.keys(ctx.plan.faults).indexOf(ctx.id)}`;
  const isNic = fault.device === 'igb' || fault.device === 'virtio-net';
  if (isNic)
    await qmp.execute(
      'netdev_add',
      { type: 'user', id: `${id}.net`, net: `${network}.0/24`, ipv6: false, restrict: true },
      signal,
    );
  await qmp.execute('device_add', { id, bus: fault.port, ...properties(fault, id) }, signal);
  const card = await awaitCard(host, port, looks(comeBudgetMs), signal);
  let vfs = 0;
  if (card !== undefined) {
    const dir = `/sys/bus/pci/devices/${card}`;
    if (isNic)
      await host.run(
        `n=$(ls ${dir}/net) && ip addr add ${network}.15/24 dev $n && ip link set $n up`,
        signal,
      );
    if (fault.vfs > 0) {
      const made = await host.run(`echo ${fault.vfs} > ${dir}/sriov_numvfs; ls -d ${dir}/virtfn*`, signal);
      vfs = made.stdout.split('\n').filter((line) => line !== '').length;
    }
    if (fault.busy)
      await host.run(busyCommand(dir, `/run/${id}.busy`, isNic ? `${network}.2` : undefined), signal);
  }
  if (pauseMs > 0) await host.run(`sleep ${(pauseMs / 1000).toFixed(2)}`, signal);

  const mark = qmp.mark();
  const pressed = ctx.now();
  if (way === 'button') await press(ctx, id, signal);
  else if (way === 'power' && card) await host.run(powerOffCommand(card), signal);
  else await host.run(pullCommand(port, fault.busy && !isNic ? card : undefined), signal);
  const seat = way === 'surprise' ? { seatEmpty: await isSeatEmpty(host, port, signal) } : {};
  const deleted = await ctx.within(goBudgetMs, signal, (s) =>
    qmp.waitForEvent('DEVICE_DELETED', { from: mark, where: ({ data }) => data.device === id, signal: s }),
  );
  const rested = await awaitRest(host, port, looks(restBudgetMs), signal);
  await host.run(
    `[ ! -e /run/${id}.busy ] || kill -9 -- -$(cat /run/${id}.busy) 2>/dev/null; rm -f /run/${id}.busy`,
    signal,
  );
  if (isNic && deleted) await qmp.execute('netdev_del', { id: `${id}.net` }, signal);
  const cycle = { way, card, vfs, ...seat, deleted: deleted !== undefined, rested };
  const out = `${(pressed - t0).toFixed(1)} s in, ${(ctx.now() - pressed).toFixed(1)} s to go`;
  ctx.injected('qemu', t0, `${fault.device} in ${fault.port}: ${JSON.stringify(cycle)}; ${out}`);
  return cycle;
}

/** While the slot blinks QEMU refuses a press; the device is then on its way in or out already. */
async function press(ctx: FaultContext, id: string, signal: AbortSignal): Promise<void> {
  await ctx.hostMachine.qmp.execute('device_del', { id }, signal);
}

function properties(fault: HotplugFault, id: string): { driver: string; [property: string]: unknown } {
  switch (fault.device) {
    case 'virtio-blk':
      return { driver: 'virtio-blk-pci', drive: 'null0', 'share-rw': true, 'disable-legacy': 'on' };
    case 'nvme':
      return { driver: 'nvme', serial: id, drive: 'null0', 'share-rw': true };
    case 'virtio-net':
      return { driver: 'virtio-net-pci', netdev: `${id}.net`, romfile: '', 'disable-legacy': 'on' };
    case 'igb':
      return { driver: 'igb', netdev: `${id}.net`, romfile: '' };
  }
}

/** Reads one block after the other past every cache, or pings; ends by itself once the device is gone. */
function busyCommand(dir: string, pidFile: string, gateway: string | undefined): string {
  const disk =
    `for look in $(seq 50); do n=$(ls -d ${dir}/virtio*/block/* ${dir}/nvme/nvme*/nvme*n1 2>/dev/null | head -n1); ` +
    'n=/dev/$(basename "$n"); [ -b $n ] && break; sleep 0.1; done; ' +
    `while ${onOneCpu} dd if=$n of=/dev/null bs=4k iflag=direct 2>/dev/null; do :; done`;
  const net = `n=$(ls ${dir}/net | head -n1); timeout 30 ping -q -i 0.01 -I $n ${gateway}`;
  const body = gateway === undefined ? disk : net;
  return `setsid sh -c ${quote(`echo $$ > ${pidFile}; ${body}`)} >/dev/null 2>&1 </dev/null &`;
}
