/** The kernel's own words on either side, `online` in sysfs, and where its interrupts were meanwhile. */
import { LabBrokeError } from '../../errors.ts';
import type { FaultContext, Proof } from '../fault.ts';
import type { CpuCycle } from './inject.ts';
import type { CpuHotplugFault } from './schema.ts';

export async function proveCpuHotplug(
  { on }: CpuHotplugFault,
  cycle: CpuCycle,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Proof> {
  const machine = ctx.machine(on);
  if (!machine) throw new LabBrokeError(`${on} does not answer any more`, { code: 'FAULT_IMPOSSIBLE' });
  const log = await machine.must('dmesg', signal);
  return cpuCycleProof(cycle, log.slice(Math.max(0, log.indexOf(cycle.marker))));
}

/**
 * @param since the kernel's log since the marker. arch/x86/kernel/smpboot.c: `CPU %u is now offline`
 * (arch_cpuhp_cleanup_dead_cpu, before 6.5 common_cpu_die), `Booting Node %d Processor %d APIC 0x%x` (announce_cpu).
 */
export function cpuCycleProof({ cpus, output }: Pick<CpuCycle, 'cpus' | 'output'>, since: string): Proof {
  const lines = output.split('\n').map((line) => line.split(' '));
  const read = (what: string, cpu: number) =>
    lines.find(([word, number]) => word === what && Number(number) === cpu)?.[2];
  const stayed = cpus.filter((cpu) => read('gone', cpu) !== '0');
  const away = cpus.filter((cpu) => read('back', cpu) !== '1');
  const unsaid = cpus.filter(
    (cpu) =>
      !new RegExp(`\\bCPU ${cpu} is now offline`).test(since) ||
      !new RegExp(`\\bBooting Node \\d{1,5} Processor ${cpu} APIC`).test(since),
  );
  const refusal = since.split('\n').find((line) => line.includes('Cannot disable CPU'));
  const moved = movedBetween(lines, cpus);
  const words = (list: readonly number[]) => `CPU ${list.join(', ')}`;
  return {
    proved: cpus.length > 0 && stayed.length + away.length + unsaid.length === 0,
    because: [
      stayed.length === 0 ? `${words(cpus)} went offline` : `${words(stayed)} stayed online`,
      ...(refusal ? [refusal.trim()] : []),
      ...(away.length > 0 ? [`${words(away)} did not come back`] : []),
      ...(unsaid.length > 0 ? [`the kernel does not say that ${words(unsaid)} went and came back`] : []),
      `${moved} interrupts moved to other CPUs`,
    ],
    measured: { cpus: cpus.length, interruptsMoved: moved },
  };
}

/** Interrupts that went to a CPU which is gone, and to another while it was. */
function movedBetween(lines: readonly string[][], cpus: readonly number[]): number {
  const at = (moment: string) =>
    new Map(lines.flatMap(([word, irq, cpu]) => (word === moment && irq && cpu ? [[irq, Number(cpu)]] : [])));
  const off = at('off');
  return [...at('before')].filter(
    ([irq, cpu]) => cpus.includes(cpu) && off.has(irq) && !cpus.includes(off.get(irq)!),
  ).length;
}
