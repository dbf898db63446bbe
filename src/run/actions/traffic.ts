/** Actions `check-traffic`: does what goes through a function come back? Recorded, not judged. */
import { findByPath, listFunctions } from '../../guest/pci.ts';
import { blockIo, ping, type TrafficResult } from '../../guest/traffic.ts';
import type { Moment } from '../../lab/plan.ts';
import { answering, type VariantContext } from '../context.ts';
import { guestPath } from '../places.ts';
import { bdfOf } from './devices.ts';

export async function checkTraffic(
  ctx: VariantContext,
  id: string,
  moment: Moment,
  signal: AbortSignal,
): Promise<TrafficResult> {
  const traffic = ctx.plan.traffic.find((t) => t.id === id)!;
  const t0 = ctx.record.now();
  const fail = (output: string): TrafficResult => ({ sent: 1, received: 0, output });
  const machine = answering(ctx, traffic.from);
  let result: TrafficResult;
  if (!machine) {
    result = fail(`${traffic.from} does not answer`);
  } else {
    const bdf = await functionOn(ctx, traffic.from, traffic.over, signal);
    if (!bdf) result = fail(`${traffic.from} has no function ${traffic.over}`);
    else if (traffic.kind === 'ping') result = await ping(machine, bdf, traffic.to ?? '', signal);
    else result = await blockIo(machine, bdf, signal);
  }
  const { from, over } = traffic;
  ctx.record.event({ kind: 'traffic', id, from, over, moment, ...result, t0 });
  return result;
}

/** BDF of a function as the machine sees it that the traffic starts on. */
export async function functionOn(
  ctx: VariantContext,
  machine: string,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (machine === 'host') return bdfOf(ctx, name);
  const guest = ctx.guests.get(machine)!;
  const path = guestPath(guest.plan, name);
  const found = findByPath(await listFunctions(guest.linuxOrThrow(), signal), path);
  return found?.bdf;
}
