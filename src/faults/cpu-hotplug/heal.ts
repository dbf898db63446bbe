/** Every CPU is online, and affinities that lost their CPUs meanwhile (IRQ_SET_MASK_OK after a break) are as before. */
import { parseCpuList } from '../../evidence/cpu-list.ts';
import { type Affinities, restoreAffinities } from '../common/affinity.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { CpuCycle } from './inject.ts';
import type { CpuHotplugFault } from './schema.ts';

export async function healCpuHotplug(
  { on }: CpuHotplugFault,
  cycles: readonly CpuCycle[],
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const machine = ctx.machine(on);
  if (!machine) return { proved: false, because: [`${on} does not answer`] };
  const output = await machine.must(
    'cd /sys/devices/system/cpu; for f in cpu[0-9]*/online; do read -r on < $f; [ $on = 1 ] || echo 1 > $f; done; cat present online',
    signal,
  );
  const [present = '', online = ''] = output.trim().split('\n');
  const missing = parseCpuList(present).filter((cpu) => !parseCpuList(online).includes(cpu));
  const affinities = await restoreAffinities(ctx, on, brokenFirst(cycles), signal);
  return {
    proved: missing.length === 0 && affinities.proved,
    because: [
      missing.length === 0 ? `CPUs ${online} of ${on} are online` : `CPUs ${missing.join(', ')} are not`,
      ...affinities.because,
    ],
  };
}

/** As each was before the first cycle that changed it. */
export function brokenFirst(cycles: readonly Pick<CpuCycle, 'before' | 'broken'>[]): Affinities {
  const first = new Map<number, string>();
  for (const { before, broken } of cycles)
    for (const irq of broken) if (!first.has(irq)) first.set(irq, before.get(irq)!);
  return first;
}
