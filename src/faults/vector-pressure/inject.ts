/**
 * Binds a device that has 2048 interrupt messages and no use to vfio-pci, and has a program request as many of its
 * interrupts as there are vectors, but a few (images/files/vector-holder). How many there are the kernel's own trace
 * of the matrix says: `global_avl` after the last event.
 */
import { LabBrokeError } from '../../errors.ts';
import { type Running, startProgram, stopProgram } from '../common/affinity.ts';
import type { FaultContext } from '../fault.ts';
import type { VectorPressureFault } from './schema.ts';

export interface Pressure {
  bdf: string;
  /** Of the device, before. */
  driver: string;
  running: Running;
  /** Of the matrix, from the first vector taken to the last given back. */
  trace: string;
}

const instanceOf = ({ id, occurrence }: FaultContext) =>
  `/sys/kernel/tracing/instances/vflab-${id}-${occurrence}`;

export async function injectPressure(
  { leave }: VectorPressureFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Pressure> {
  const { host } = ctx;
  const holder = ctx.plan.host.spec.pci.find(({ kind }) => kind === 'vector-holder');
  if (!holder)
    throw new LabBrokeError('the host has no device to take vectors with', { code: 'FAULT_IMPOSSIBLE' });
  const bdf = `0000:00:${holder.slot.toString(16).padStart(2, '0')}.0`;
  const driver = await driverOf(ctx, bdf, signal);
  const t0 = ctx.now();
  const script = pressureScript({ bdf, driver, leave, trace: instanceOf(ctx) });
  const running = await startProgram(ctx, 'host', host, script, signal);
  ctx.injected('program', t0, running.lines.map(({ text }) => text).join('\n'));
  return { bdf, driver, running, trace: '' };
}

export async function stopPressure(
  _fault: VectorPressureFault,
  pressure: Pressure,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  await stopProgram(ctx, pressure.running, signal);
  const instance = instanceOf(ctx);
  const { stdout } = await ctx.host.ssh.exec(`cat ${instance}/trace; rmdir ${instance}`, signal);
  ctx.file(`faults/${ctx.id}.${ctx.occurrence}.matrix-trace`, stdout);
  pressure.trace = stdout;
}

/** @returns '' for none */
export async function driverOf({ host }: FaultContext, bdf: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await host.run(`basename "$(readlink /sys/bus/pci/devices/${bdf}/driver)"`, signal);
  return stdout.trim();
}

/**
 * The first try takes one vector and gives it back, so that the matrix says how many there are. A function gets its
 * messages all at once (before 6.5 VFIO cannot add any later), hence the second program. Prints
 * `held=350 free=390 left=40` when they are taken, and with `back=390` when they are given back.
 */
export function pressureScript({
  bdf,
  driver,
  leave,
  trace,
}: {
  bdf: string;
  driver: string;
  leave: number;
  trace: string;
}): string {
  const device = `/sys/bus/pci/devices/${bdf}`;
  const rebind = (to: string) =>
    `echo ${to} > ${device}/driver_override; [ ! -e ${device}/driver ] || echo ${bdf} > ${device}/driver/unbind; `;
  const log = '/run/vector-holder.log';
  return `left() { left=$(grep -o 'global_avl=[0-9]*' ${trace}/trace | tail -n 1); left=\${left#*=}; }
ulimit -n 4096
mkdir -p ${trace} && echo counter > ${trace}/trace_clock && echo 1 > ${trace}/events/irq_matrix/enable
${rebind('vfio-pci')}echo ${bdf} > /sys/bus/pci/drivers_probe
count=0 alive=0
perl /usr/lib/vflab/vector-holder ${bdf} 1 > ${log} 2>&1
left
free=\${left:-0}
count=$((free - ${leave}))
if [ $count -gt 0 ]; then
  perl /usr/lib/vflab/vector-holder ${bdf} $count $stop > ${log} 2>&1 &
  p=$!
  until grep -q held= ${log} || ! kill -0 $p 2>/dev/null; do sleep 0.1; done
  left
  kill -0 $p 2>/dev/null && alive=1
else count=0; fi
cat ${log}
echo "held=$count free=$free left=\${left:-0} alive=$alive"
until [ -e $stop ]; do sleep 0.2; done
if [ $count -gt 0 ]; then wait $p && alive=1 || alive=0; fi
now=$left
left
echo 0 > ${trace}/events/irq_matrix/enable
${rebind("''")}${driver === '' ? '' : `echo ${bdf} > /sys/bus/pci/drivers/${driver}/bind`}
echo "held=$count free=$free left=\${now:-0} back=\${left:-0} alive=$alive"`;
}
