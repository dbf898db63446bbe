/**
 * Did the storm take effect? Told by the source itself, whose Status register says that it asserts its INTx, and by the
 * kernel's count of the line; what became of the line is the verdict's business. A remedy may keep every interrupt away:
 * then the source alone speaks.
 */
import type { LineReading } from '../../evidence/record.ts';
import type { FaultContext, Proof } from '../fault.ts';
import { burstGoal, disableBit, type StormInjection, statusBit } from './inject.ts';
import { readRoute } from './routing.ts';
import type { IntxStormFault } from './schema.ts';

export interface SourceState {
  asserts: boolean;
  disabled: boolean;
  /** Of the route register, where the fault changed it: now, and before. */
  route?: { now: number; was: number };
}

export async function proveIntxStorm(
  fault: IntxStormFault,
  injection: StormInjection,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const bdf = ctx.bdfOf(fault.source);
  const source = await readSource(ctx, bdf, signal);
  const { route } = injection;
  const routed = route && { now: await readRoute(ctx.host, route, signal), was: route.was };
  return proved(fault, injection, { ...source, ...(routed ? { route: routed } : {}) });
}

export async function readSource(ctx: FaultContext, bdf: string, signal: AbortSignal): Promise<SourceState> {
  const output = await ctx.host.must(`setpci -s ${bdf} STATUS COMMAND`, signal);
  const [status = 0, command = 0] = output
    .trim()
    .split('\n')
    .map((word) => Number.parseInt(word, 16));
  return { asserts: (status & statusBit) !== 0, disabled: (command & disableBit) !== 0 };
}

export function proved(
  { rate, onto }: IntxStormFault,
  { irq, before, after }: { irq: number; before: LineReading; after: LineReading },
  { asserts, disabled, route }: SourceState,
): Proof {
  const interrupts = after.interrupts - before.interrupts;
  const because = [
    asserts
      ? `the source's Status register says that it asserts its INTx${disabled ? ', and its Command register keeps it from the line' : ''}`
      : "the source's Status register does not say that it asserts its INTx",
    `${interrupts} interrupts on irq ${irq}`,
    ...(route ? [`route register 0x${route.was.toString(16)} → 0x${route.now.toString(16)}`] : []),
  ];
  const measured = { interrupts };
  // Where a handler of another line is tried, the source is answered and lets go: its interrupts are the proof.
  if (onto !== undefined)
    return { proved: route !== undefined && route.now !== route.was && interrupts > 0, because, measured };
  if (rate === 'bursts') return { proved: asserts && interrupts >= burstGoal, because, measured };
  return { proved: asserts, because, measured };
}
