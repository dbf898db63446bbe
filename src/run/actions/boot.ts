/** Action `boot-host`: the host's QEMU, its console, and the way in by SSH. */
import { markClock } from '../../guest/clock.ts';
import { bootLinux } from '../boot-linux.ts';
import type { VariantContext } from '../context.ts';
import { recordVersions } from './collect.ts';
import { keepsLedger, markLedger } from './ledger.ts';

export async function bootHost(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const t0 = performance.now();
  const host = await bootLinux(
    { ...ctx.plan.host.spec, ...ctx.files.host },
    {
      accelerator: ctx.accelerator.kind,
      record: ctx.record.machine('host'),
      log: ctx.record,
      key: ctx.key,
      cleanup: ctx.cleanup,
      onStart: ctx.watchHost,
      signal,
    },
  );
  ctx.host = { ...host, serial: host.machine.serial };
  ctx.hostBooted(performance.now() - t0);
  await markClock(host.linux, ctx.record, signal);
  if (keepsLedger(ctx)) await markLedger(host.linux, signal);
  await recordVersions(ctx, host.linux, signal);
  // The broadcast of each recovery step is a debug message (drivers/pci/pcie/err.c, pci_dbg).
  await host.linux.run(
    "echo 'file drivers/pci/pcie/err.c +p' > /sys/kernel/debug/dynamic_debug/control",
    signal,
  );
}
