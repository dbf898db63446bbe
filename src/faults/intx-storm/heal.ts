/** Lets go of the line, and puts the source back as it was. A line that the kernel switched off stays off: only a request heals that. */
import { restoreAffinities } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import { acknowledge, type StormInjection } from './inject.ts';
import { readLine, stopCounting } from './line.ts';
import { readSource } from './prove.ts';
import { restoreRoute } from './routing.ts';
import type { IntxStormFault } from './schema.ts';

export async function healIntxStorm(
  fault: IntxStormFault,
  injections: readonly StormInjection[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const { host } = ctx;
  const [first] = injections;
  const { irq, command, affinities, bar, route } = first!;
  const bdf = ctx.bdfOf(fault.source);
  const device = `/sys/bus/pci/devices/${bdf}`;
  const reading = await readLine(host, irq, signal);
  ctx.event({ kind: 'irq-line', machine: 'host', fault: ctx.id, irq, moment: 'healed', ...reading });
  await stopCounting(host, signal);
  let routeNow: number | undefined;
  if (route) {
    // Its driver masks every cause when the link goes down; the chipset would keep the level of a pin that moves.
    await host.must(`ip link set $(ls ${device}/net) down`, signal);
    routeNow = await restoreRoute(host, route, signal);
    await host.must(`ip link set $(ls ${device}/net) up`, signal);
  }
  // A teaching device: what asserts is acknowledged bit by bit.
  if (bar !== undefined) await host.must(`busybox devmem ${bar + acknowledge} 32 1`, signal);
  const source = await readSource(ctx, bdf, signal);
  if (bar !== undefined) {
    await host.must(`echo 0 > ${device}/enable`, signal);
    await host.must(`setpci -s ${bdf} COMMAND=${command}`, signal);
  }
  const restored = await restoreAffinities(ctx, 'host', affinities, signal);
  const left = [
    ...(restored.proved ? [] : restored.because),
    ...(bar !== undefined && source.asserts ? ['the source still asserts its INTx'] : []),
    ...(route && routeNow !== route.was ? [`the route register is 0x${routeNow?.toString(16)}`] : []),
  ];
  return {
    proved: left.length === 0,
    because:
      left.length === 0
        ? ['the source lets go of its line; its registers and the affinities of all interrupts are as before']
        : left,
  };
}
