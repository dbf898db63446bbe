/**
 * The kernel saves a function's configuration, resets it, and writes the configuration back (drivers/pci/pci.c,
 * pci_reset_function()). What it does not write back is the mark that shows a reset: the address of an MSI that is not
 * enabled, or the function mask of an MSI-X that is not (pci_restore_msi_state() leaves both alone). nvme uses all it
 * has, but says in the kernel's log when it starts again (drivers/nvme/host/pci.c, nvme_reset_done()).
 */
import { markClock } from '../../guest/clock.ts';
import type { FaultContext } from '../fault.ts';
import type { ResetFault } from './schema.ts';

export interface Reset {
  /** What the mark read after it was set, and after the reset; undefined where there is none to set. */
  mark: { before: number; after: number } | undefined;
  /** Lines of the kernel's log in which nvme starts again. */
  restarts: number;
  output: string;
}

/** At reference speed. */
const backBudgetMs = 10_000;

export async function injectReset(fault: ResetFault, ctx: FaultContext, signal: AbortSignal): Promise<Reset> {
  const { host } = ctx;
  const bdf = ctx.bdfOf(fault.target);
  const dir = `/sys/bus/pci/devices/${bdf}`;
  const isNvme = ctx.functions.get(fault.target)?.driver === 'nvme';
  const mark = isNvme ? undefined : await markRegister(ctx, bdf, signal);
  const before = mark && (await read(ctx, bdf, mark.register, signal, `${mark.register}=${mark.set}`));
  const marker = await markClock(host, ctx, signal);
  const t0 = ctx.now();
  const { stdout, stderr, exitCode } = await host.run(
    `echo ${fault.method} > ${dir}/reset_method && echo 1 > ${dir}/reset; r=$?; echo default > ${dir}/reset_method; exit $r`,
    signal,
  );
  const after = mark && (await read(ctx, bdf, mark.register, signal));
  ctx.injected('kernel', t0, `exit ${exitCode} ${stdout}${stderr}`.trim());
  // igb and igbvf have no reset_done: they are set up again by their interface.
  const looks = Math.ceil(ctx.scaled(backBudgetMs) / 100);
  await host.run(
    `n=$(ls ${dir}/net 2>/dev/null) && a=$(ip -o -4 addr show dev $n | awk '{print $4}') && ip link set $n down && ip link set $n up && ` +
      `{ [ -z "$a" ] || ip addr replace $a dev $n; } && for look in $(seq ${looks}); do [ "$(cat ${dir}/net/$n/carrier)" = 1 ] && break; sleep 0.1; done`,
    signal,
  );
  const since = await restarts(ctx, bdf, marker, isNvme ? looks : 1, signal);
  const marked = mark && before !== undefined && after !== undefined ? { before, after } : undefined;
  return { mark: marked, restarts: since, output: `${stdout}${stderr}` };
}

/** Offsets: include/uapi/linux/pci_regs.h, PCI_MSI_FLAGS, PCI_MSI_ADDRESS_LO, PCI_MSIX_FLAGS. */
async function markRegister(
  ctx: FaultContext,
  bdf: string,
  signal: AbortSignal,
): Promise<{ register: string; set: string } | undefined> {
  const msi = await ctx.host.run(`setpci -s ${bdf} CAP_MSI+2.w`, signal);
  if (msi.exitCode === 0 && (Number.parseInt(msi.stdout, 16) & 1) === 0)
    return { register: 'CAP_MSI+4.l', set: 'fee00ab0' };
  const msix = await ctx.host.run(`setpci -s ${bdf} CAP_MSIX+2.w`, signal);
  if (msix.exitCode === 0 && (Number.parseInt(msix.stdout, 16) & 0x8000) === 0)
    return { register: 'CAP_MSIX+2.w', set: '4000:4000' };
  return undefined;
}

async function read(
  { host }: FaultContext,
  bdf: string,
  register: string,
  signal: AbortSignal,
  set = '',
): Promise<number> {
  const write = set === '' ? '' : `setpci -s ${bdf} ${set} && `;
  const { stdout } = await host.run(`${write}setpci -s ${bdf} ${register}`, signal);
  const value = Number.parseInt(stdout, 16);
  // Of MSI-X the table size is in the same word, and stays.
  return register.startsWith('CAP_MSIX') ? value & 0x4000 : value;
}

async function restarts(
  { host }: FaultContext,
  bdf: string,
  marker: string,
  looks: number,
  signal: AbortSignal,
): Promise<number> {
  const { stdout } = await host.run(
    `c=$(ls /sys/bus/pci/devices/${bdf}/nvme 2>/dev/null); for look in $(seq ${looks}); do ` +
      `n=$(dmesg | sed '1,/${marker}/d' | grep -c "nvme $c: .* queues"); [ "$n" != 0 ] && break; sleep 0.1; done; echo $n`,
    signal,
  );
  return Number(stdout.trim()) || 0;
}
