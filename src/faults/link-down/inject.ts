/** The link of the emulated network: QEMU tells its NIC, and the NIC the driver. */
import { markClock } from '../../guest/clock.ts';
import type { FaultContext } from '../fault.ts';
import type { LinkDownFault } from './schema.ts';

export interface LinkDown {
  /** Written into the host's kernel log right before. */
  marker: string;
  /** `carrier` in sysfs while the link was down. */
  carrier: string;
}

/** At reference speed. igb looks for its link every two seconds at most (igb_main.c, igb_watchdog_task()). */
const noticedBudgetMs = 6_000;

export async function injectLinkDown(
  fault: LinkDownFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<LinkDown> {
  const marker = await markClock(ctx.host, ctx, signal);
  const t0 = ctx.now();
  await setLink(fault, ctx, false, signal);
  const carrier = await awaitCarrier(fault, ctx, '0', signal);
  ctx.injected('qemu', t0, `carrier ${carrier}`);
  return { marker, carrier };
}

export async function stopLinkDown(
  fault: LinkDownFault,
  _state: LinkDown,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  await setLink(fault, ctx, true, signal);
  await awaitCarrier(fault, ctx, '1', signal);
}

export async function setLink(
  fault: LinkDownFault,
  ctx: FaultContext,
  up: boolean,
  signal: AbortSignal,
): Promise<void> {
  await ctx.hostMachine.qmp.execute('set_link', { name: `${fault.target}.net`, up }, signal);
}

/** @returns what `carrier` read in the end */
export async function awaitCarrier(
  fault: LinkDownFault,
  ctx: FaultContext,
  wanted: '0' | '1',
  signal: AbortSignal,
): Promise<string> {
  const looks = Math.ceil(ctx.scaled(noticedBudgetMs) / 100);
  const { stdout } = await ctx.host.run(
    `f=$(ls -d /sys/bus/pci/devices/${ctx.bdfOf(fault.target)}/net/*)/carrier; ` +
      `for look in $(seq ${looks}); do [ "$(cat $f)" = ${wanted} ] && break; sleep 0.1; done; cat $f`,
    signal,
  );
  return stdout.trim();
}
