/** The vectors are the host's again: the device that had them has its driver of before, and no interrupt. */
import { countersOf } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import { driverOf, type Pressure } from './inject.ts';
import type { VectorPressureFault } from './schema.ts';

export async function healPressure(
  _fault: VectorPressureFault,
  [first, ...others]: readonly Pressure[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const { bdf, driver } = first!;
  const now = await driverOf(ctx, bdf, signal);
  const { stdout } = await ctx.host.run(
    `ls /sys/bus/pci/devices/${bdf}/msi_irqs 2>/dev/null | wc -l`,
    signal,
  );
  const last = others.at(-1) ?? first!;
  const { left = Number.NaN, back = Number.NaN } = countersOf(last.running).counters;
  return pressureGone({ driver, now, interrupts: Number(stdout.trim()), left, back });
}

export interface Afterwards {
  /** Driver of the device before and now. */
  driver: string;
  now: string;
  interrupts: number;
  /** `global_avl` while they were held, and right after. */
  left: number;
  back: number;
}

export function pressureGone({ driver, now, interrupts, left, back }: Afterwards): Proof {
  const name = (it: string) => it || 'no driver';
  return {
    proved: now === driver && interrupts === 0 && back > left,
    because: [
      `the device that had the vectors has ${name(now)}${now === driver ? '' : `, before ${name(driver)}`}, and ${interrupts} interrupts`,
      `the matrix had ${back} vectors after they were given back, and ${left} before`,
    ],
  };
}
