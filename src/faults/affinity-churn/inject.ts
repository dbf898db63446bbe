/**
 * Writes `smp_affinity` of each of a function's interrupts again and again, each time one CPU drawn from the seed.
 *
 * Inside a guest this reaches the host: without interrupt remapping a guest's MSI-X interrupt moves when it arrives
 * next, and is masked and unmasked for it (kernel/irq/migration.c irq_move_masked_irq, called by apic_ack_edge ->
 * irq_move_irq; v6.12). QEMU sees the write to the MSI-X table and hands VFIO another eventfd (hw/vfio/pci.c
 * vfio_msix_vector_release and vfio_msix_vector_do_use), for which vfio-pci frees the interrupt and requests it again
 * (drivers/vfio/pci/vfio_pci_intrs.c vfio_msi_set_vector_signal).
 */
import { LabBrokeError } from '../../errors.ts';
import {
  type Affinities,
  irqsOf,
  type Running,
  readAffinities,
  startProgram,
  stopProgram,
} from '../common/affinity.ts';
import type { FaultContext } from '../fault.ts';
import type { AffinityChurnFault } from './schema.ts';
import { readSwitches, traceSwitches } from './switches.ts';

export interface Churn {
  before: Affinities;
  running: Running;
  /** Whether the host traces the switches of VFIO's triggers. */
  traced: boolean;
  /** That trace, once the churn has been stopped. */
  trace?: string;
}

export async function injectChurn(
  fault: AffinityChurnFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Churn> {
  const machine = ctx.machine(fault.on);
  const bdf = machine && (await ctx.bdfOn(fault.on, fault.function, signal));
  const irqs = bdf ? await irqsOf(machine, bdf, signal) : [];
  if (!machine || irqs.length === 0)
    throw new LabBrokeError(`${fault.on} has no interrupts of ${fault.function}`, {
      code: 'FAULT_IMPOSSIBLE',
      next: 'Is its driver loaded, and does the machine still answer?',
    });
  const before = await readAffinities(machine, irqs, signal);
  const cpus = Number((await machine.must('nproc', signal)).trim());
  const traced = fault.on !== 'host' && (await traceSwitches(ctx, signal));
  const t0 = ctx.now();
  const script = churnScript([...before.keys()], cpus, Math.floor(ctx.random() * 2 ** 31));
  const running = await startProgram(ctx, fault.on, machine, script, signal);
  ctx.injected('program', t0, `irqs ${[...before.keys()].join(', ')} over ${cpus} CPUs`);
  return { before, running, traced };
}

export async function stopChurn(
  _fault: AffinityChurnFault,
  churn: Churn,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  await stopProgram(ctx, churn.running, signal);
  if (churn.traced) churn.trace = await readSwitches(ctx, signal);
}

/** Rounds over all interrupts between two lines of counters. */
const roundsALine = 10;

/**
 * All in the shell's own words: in a nested guest a new process costs more than a thousand writes. The high bits of
 * the generator are used, its low ones have short periods (ISO C's example of rand).
 */
export function churnScript(irqs: readonly number[], cpus: number, seed: number): string {
  const masks = Array.from({ length: cpus }, (_, cpu) => `m${cpu}=${maskOf(cpu)}`).join(' ');
  return `s=${seed} writes=0 refused=0 moves=0 ${masks}
for i in ${irqs.join(' ')}; do eval "e$i="; done
echo "writes=0 refused=0 moves=0"
while [ ! -e $stop ]; do
  k=0
  while [ $k -lt ${roundsALine} ] && [ ! -e $stop ]; do
    for i in ${irqs.join(' ')}; do
      s=$(((s * 1103515245 + 12345) & 2147483647))
      eval "m=\\$m$(((s >> 16) % ${cpus}))"
      if echo $m > /proc/irq/$i/smp_affinity; then writes=$((writes + 1)); else refused=$((refused + 1)); fi
      read -r now < /proc/irq/$i/effective_affinity || now=
      eval "was=\\$e$i e$i=$now"
      [ "$was" = "$now" ] || moves=$((moves + 1))
    done 2>/dev/null
    k=$((k + 1))
  done
  echo "writes=$writes refused=$refused moves=$moves"
done`;
}

/** `1,00000000` for CPU 32: as the kernel wants it (lib/bitmap-str.c bitmap_parse). */
function maskOf(cpu: number): string {
  return ((1 << (cpu % 32)) >>> 0).toString(16) + ',00000000'.repeat(Math.floor(cpu / 32));
}
