/** Actions on interrupt lines: which line each function has, whether it can mask its INTx, and who is made to let go of one. */
import { nointxmaskCommand, parseProbe, probeScript } from '../../guest/intx.ts';
import type { Action } from '../../lab/plan.ts';
import { hostOf, type VariantContext } from '../context.ts';
import { bdfOf, refreshFunctions } from './devices.ts';

/** Every function that the plan names; ports are none of them. */
function functionsOf({ plan }: VariantContext): string[] {
  const behindPorts = plan.devices.flatMap(({ id, vfs }) => [id, ...vfs.map(({ name }) => name)]);
  return [...behindPorts, ...(plan.rootDevices ?? []).map(({ id }) => id)];
}

export async function probeIntx(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  await refreshFunctions(ctx, signal);
  const { linux } = hostOf(ctx);
  for (const name of functionsOf(ctx)) {
    const t0 = ctx.record.now();
    const probe = parseProbe(await linux.must(probeScript(bdfOf(ctx, name)), signal));
    ctx.record.event({ kind: 'intx-probe', machine: 'host', function: name, ...probe, t0 });
  }
  const { stdout } = await linux.run(nointxmaskCommand, signal);
  ctx.record.event({ kind: 'intx-policy', machine: 'host', nointxmask: /^[Y1]/.test(stdout) });
}

/** `unbind`: from the host's driver. `remove`: from the kernel, until the next rescan. */
export async function letGo(
  ctx: VariantContext,
  { do: step, function: name }: Extract<Action, { do: 'unbind' | 'remove' }>,
  signal: AbortSignal,
): Promise<void> {
  const bdf = bdfOf(ctx, name);
  const event = (state: 'begin' | 'end') =>
    ctx.record.event({ kind: 'remedy', step, machine: 'host', state, detail: `${name} ${bdf}` });
  event('begin');
  const device = `/sys/bus/pci/devices/${bdf}`;
  const command =
    step === 'unbind'
      ? `echo ${bdf} > ${device}/driver/unbind && [ ! -e ${device}/driver ]`
      : `echo 1 > ${device}/remove && [ ! -e ${device} ]`;
  await hostOf(ctx).linux.must(command, signal);
  await refreshFunctions(ctx, signal);
  event('end');
}
