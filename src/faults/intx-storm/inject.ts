/**
 * Injects an INTx storm, and looks at the line all the while. Linux has no driver for the source `edu`, so nobody is
 * disturbed: memory decoding and the route of its pin come with the sysfs file `enable`, and its registers are written
 * through /dev/mem. Registers of edu: QEMU docs/specs/edu.rst (0x60 raises, 0x64 acknowledges).
 */
import { LabBrokeError } from '../../errors.ts';
import type { LineReading } from '../../evidence/record.ts';
import { markClock } from '../../guest/clock.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import { type Affinities, readAffinities } from '../common/affinity.ts';
import type { FaultContext } from '../fault.ts';
import { countAnswers, lookFunction, readLine } from './line.ts';
import { prepareRoute, type Route, routeCommand } from './routing.ts';
import type { IntxStormFault } from './schema.ts';

export const raise = 0x60;
export const acknowledge = 0x64;

/** Interrupt Disable of the Command register, Interrupt Status of the Status register (PCI Local Bus 3.0, 6.2.2). */
export const disableBit = 0x400;
export const statusBit = 0x8;

/** More than the detector counts to, so that it has to judge. */
export const burstGoal = 110_000;
/** A burst ends at latest when QEMU's IO-APIC rests, after 10,000 in a row (hw/intc/ioapic.c, SUCCESSIVE_IRQ_MAX_COUNT). */
const mostBursts = 60;

/** A line goes off 0.4 s after it was raised; with `irqpoll` or on a busy machine it takes ten times that and more. */
const stormBudgetMs = 90_000;

export interface StormInjection {
  irq: number;
  before: LineReading;
  after: LineReading;
  /** Of the source, before. */
  command: string;
  /** Of every interrupt, before. */
  affinities: Affinities;
  /** Its memory, where we enabled it. */
  bar?: number;
  route?: Route;
}

export async function injectIntxStorm(
  fault: IntxStormFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<StormInjection> {
  const { host } = ctx;
  const bdf = ctx.bdfOf(fault.source);
  const device = `/sys/bus/pci/devices/${bdf}`;
  const command = (await host.must(`setpci -s ${bdf} COMMAND`, signal)).trim();
  let bar: number | undefined;
  if (fault.onto === undefined) {
    const output = await host.must(`echo 1 > ${device}/enable && head -n 1 ${device}/resource`, signal);
    bar = Number(output.split(' ')[0]);
  }
  const where = fault.onto === undefined ? bdf : ctx.bdfOf(fault.onto);
  const irq = Number(await host.must(`cat /sys/bus/pci/devices/${where}/irq`, signal));
  const route = fault.onto === undefined ? undefined : await prepareRoute(host, bdf, irq, signal);
  const affinities = await readAffinities(host, '[0-9]*', signal);
  await makeRoom(host, irq, signal);
  await countAnswers(host, signal);
  await markClock(host, ctx, signal);
  const before = await readLine(host, irq, signal);
  const record = (moment: string, reading: LineReading, samples?: string) =>
    ctx.event({
      kind: 'irq-line',
      machine: 'host',
      fault: ctx.id,
      irq,
      moment,
      ...reading,
      ...(samples ? { samples } : {}),
    });
  record('before', before);

  const t0 = ctx.now();
  const poke =
    route === undefined ? `busybox devmem ${bar! + raise} 32 1` : misroute(fault, ctx, device, route);
  const script = fault.rate === 'stuck' ? stuckScript(irq, poke) : burstsScript(irq, bdf, poke);
  const output = await ctx.within(stormBudgetMs, signal, (s) => host.run(script, s));
  const late = `the storm was not over within ${Math.round(ctx.scaled(stormBudgetMs) / 1000)} s`;
  ctx.injected('program', t0, output ? output.stderr : late);
  const samples = `storms/${ctx.id}.${ctx.occurrence}`;
  if (output) ctx.file(samples, output.stdout);
  const after = await readLine(host, irq, signal);
  record('after', after, output ? samples : undefined);
  return {
    ...{ irq, before, after, command, affinities },
    ...(bar === undefined ? {} : { bar }),
    ...(route ? { route } : {}),
  };
}

/**
 * Misroutes a NIC while its link is down: then its pin is let go, and stays so. One interrupt is enough, be it that of
 * the link: its driver, which waits on another line, never tells it to let go.
 */
function misroute({ source }: IntxStormFault, { plan }: FaultContext, device: string, route: Route): string {
  const to = plan.traffic.find((traffic) => traffic.over === source)?.to;
  if (to === undefined)
    throw new LabBrokeError(`no traffic of the lab goes over ${source}, so it has no reason to interrupt`, {
      code: 'FAULT_IMPOSSIBLE',
    });
  return `n=$(ls ${device}/net); ip link set $n down; ${routeCommand(route)}
{ ip link set $n up; ping -I $n -c 2 -i 0.2 -W 1 ${to}; } >/dev/null 2>&1 &`;
}

/**
 * The last CPU belongs to the storm. All other interrupts go to the first, and who looks on runs there: else the way in
 * is cut off, for with `threadirqs` the thread of a storming line lets nobody else run on its CPU.
 */
async function makeRoom(host: LinuxMachine, irq: number, signal: AbortSignal): Promise<void> {
  await host.run(
    `last=$(($(nproc) - 1)); for i in /proc/irq/[0-9]*; do c=0; [ \${i##*/} = ${irq} ] && c=$last; echo $c > $i/smp_affinity_list; done 2>/dev/null || :`,
    signal,
  );
}

const onFirstCpu = 'taskset -p 1 $$ >/dev/null';
const onStormCpu = 'taskset -p $(printf %x $((1 << ($(nproc) - 1)))) $$ >/dev/null';

/** Sums up the line's interrupts on all CPUs, into `t`. */
const totalFunction = "total() { IFS=,; set -- $k; IFS=' '; t=0; for c in $*; do t=$((t + c)); done; }";

/** More between two looks is a storm; a NIC that is answered has some too: e1000 asks itself for one every two seconds. */
const calmBelow = 20;

/** Looks until the kernel says that the line is off, or it has been calm for long. */
function stuckScript(irq: number, poke: string): string {
  return `${lookFunction(irq)}
${totalFunction}
off() { dmesg | grep -c 'Disabling IRQ #${irq}$'; }
${onFirstCpu}
was=$(off); look
${poke}
calm=0 last=0
while [ $calm -lt 80 ]; do
  look; total
  if [ $((t - last)) -lt ${calmBelow} ]; then calm=$((calm + 1)); else calm=0; fi
  last=$t
  [ $((calm % 8)) = 7 ] && [ "$(off)" != "$was" ] && break
  sleep 0.02
done
look`;
}

/**
 * The source asserts all the time, and is let through by its Interrupt Disable bit. This is done on the CPU that takes
 * the interrupts: it gets no further before QEMU's IO-APIC rests, which makes a burst 10,000 long.
 */
function burstsScript(irq: number, bdf: string, poke: string): string {
  return `${lookFunction(irq)}
${totalFunction}
${onStormCpu}
setpci -s ${bdf} COMMAND=400:400 && ${poke}
look; total; first=$t; b=0
while [ $b -lt ${mostBursts} ] && [ $((t - first)) -lt ${burstGoal} ]; do
  setpci -s ${bdf} COMMAND=0:400 COMMAND=400:400
  look; total; b=$((b + 1))
  sleep 0.15
done
look
echo "$b bursts" >&2`;
}
