/**
 * Takes CPUs offline in an order drawn from the seed, and brings them back in another. What a dying CPU's interrupts
 * go through: kernel/irq/cpuhotplug.c irq_migrate_all_off_this_cpu (managed ones without another CPU are shut down),
 * arch/x86/kernel/irq.c fixup_irqs (what is pending on it is sent again). CPU 0 stays: x86 cannot take it offline
 * (since 6.5, e59e74dc48a3; before only by `cpu0_hotplug`).
 */
import { LabBrokeError } from '../../errors.ts';
import { parseCpuList } from '../../evidence/cpu-list.ts';
import { matrixProbes } from '../../evidence/ftrace/probes.ts';
import { markClock } from '../../guest/clock.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import { type Affinities, readAffinities } from '../common/affinity.ts';
import type { FaultContext } from '../fault.ts';
import type { CpuHotplugFault } from './schema.ts';

const tracing = '/sys/kernel/tracing';
const group = 'vflab_matrix';

/** At reference speed: what a driver's probe may take. */
const busyBudgetMs = 5_000;

export interface CpuCycle {
  /** Written into the machine's kernel log right before. */
  marker: string;
  /** In the order in which they were taken offline. */
  cpus: number[];
  output: string;
  /** Affinities before it, and those after it that differ. */
  before: Affinities;
  broken: number[];
}

export async function injectCpuHotplug(
  fault: CpuHotplugFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<CpuCycle> {
  const machine = ctx.machine(fault.on);
  if (!machine) throw new LabBrokeError(`${fault.on} does not answer`, { code: 'FAULT_IMPOSSIBLE' });
  const online = parseCpuList((await machine.must('cat /sys/devices/system/cpu/online', signal)).trim());
  const may = online.filter((cpu) => cpu !== 0);
  if (may.length === 0)
    throw new LabBrokeError(`${fault.on} has no CPU but CPU 0, which always stays`, {
      code: 'FAULT_IMPOSSIBLE',
      next: 'Give it `cpus: 2` or more.',
    });
  if (fault.on === 'host') await probeMatrix(machine, ctx, signal);
  const count = 1 + Math.floor(ctx.random() * Math.min(fault.most, may.length));
  const cpus = shuffled(may, ctx.random).slice(0, count);
  const back = shuffled(cpus, ctx.random);
  const pause = (ctx.random() * 0.5).toFixed(2);
  const looks = Math.ceil(ctx.scaled(busyBudgetMs) / 100);
  const before = await readAffinities(machine, '[0-9]*', signal);
  const marker = await markClock(machine, ctx, signal);
  const t0 = ctx.now();
  const { stdout, stderr } = await machine.run(cycleScript(cpus, back, pause, looks), signal);
  const after = await readAffinities(machine, '[0-9]*', signal);
  const broken = [...after].flatMap(([irq, mask]) => {
    const was = before.get(irq);
    // An irq that is on its way out reads as nothing.
    return !was || was === mask ? [] : [irq];
  });
  ctx.injected('kernel', t0, `CPUs ${cpus.join(', ')}, back ${back.join(', ')} ${stderr}`.trim());
  return { marker, cpus, output: stdout, before, broken };
}

/**
 * In the shell's own words, but for the pause: a new process costs a nested guest more than all the rest. Prints
 * `before|off|after IRQ CPU` (effective affinities), `gone CPU 0`, `back CPU 1`: what `online` read. While a PCI driver
 * probes, the kernel refuses either (EBUSY: drivers/pci/pci-driver.c pci_call_probe, cpu_hotplug_disable); so the probe's
 * end is waited for.
 * @param looks at most, a tenth of a second apart
 */
export function cycleScript(
  cpus: readonly number[],
  back: readonly number[],
  pause: string,
  looks: number,
): string {
  const cpu = '/sys/devices/system/cpu/cpu$c/online';
  return `look() { for i in /proc/irq/[0-9]*; do read -r c < $i/effective_affinity_list && echo "$1 \${i##*/} $c"; done 2>/dev/null; }
turn() { n=0; until echo $2 > ${cpu} 2>/dev/null || [ $n -ge ${looks} ]; do n=$((n + 1)); sleep 0.1; done; read -r now < ${cpu}; echo "$1 $c $now"; }
look before
for c in ${cpus.join(' ')}; do turn gone 0; done
look off
sleep ${pause}
for c in ${back.join(' ')}; do turn back 1; done
look after`;
}

/**
 * What a dying CPU does with vectors no tracepoint tells (it is not in the online mask any more), probes do. Set where
 * the host's vectors are traced since boot, so that they can be followed through its death; set once.
 */
async function probeMatrix(host: LinuxMachine, { plan }: FaultContext, signal: AbortSignal): Promise<void> {
  if (!plan.host.accounts) return;
  const events = `${tracing}/events/${group}`;
  const lines = matrixProbes(plan.host.spec.cpus).map((line) => `echo '${line}' >> ${tracing}/kprobe_events`);
  await host.must(
    `[ -e ${events}/enable ] || { ${lines.join(' && ')}; } && echo 1 > ${events}/enable`,
    signal,
  );
}

function shuffled(items: readonly number[], random: () => number): number[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}
