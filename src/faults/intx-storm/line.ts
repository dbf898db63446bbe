/** One interrupt line as the kernel itself counts it: interrupts, the spurious detector's two numbers, what handlers said. */
import type { LineReading } from '../../evidence/record.ts';
import type { LinuxMachine } from '../../guest/linux.ts';

const exits = '/sys/kernel/tracing/events/irq/irq_handler_exit';
/** Counts what each handler returned, without a record of every interrupt (kernel/trace/trace_events_hist.c). */
const counting = 'hist:keys=irq,ret';

/** The reading of a line by the shell itself: `<uptime, s> <interrupts by CPU> <count> <unhandled>`. */
export function lookFunction(irq: number): string {
  return (
    `look() { read -r up x </proc/uptime; read -r k </sys/kernel/irq/${irq}/per_cpu_count; ` +
    // A line that nobody has requested has no detector.
    `c=0 u=0; { read -r x c; read -r x u; } </proc/irq/${irq}/spurious; echo "$up $k \${c:-0} \${u:-0}"; } 2>/dev/null`
  );
}

/** Counts from now on. A kernel without such triggers goes without. */
export async function countAnswers(host: LinuxMachine, signal: AbortSignal): Promise<void> {
  await host.run(
    `echo '!${counting}' > ${exits}/trigger 2>/dev/null; echo '${counting}' > ${exits}/trigger`,
    signal,
  );
}

export async function stopCounting(host: LinuxMachine, signal: AbortSignal): Promise<void> {
  await host.run(`echo '!${counting}' > ${exits}/trigger 2>/dev/null || :`, signal);
}

export async function readLine(host: LinuxMachine, irq: number, signal: AbortSignal): Promise<LineReading> {
  const output = await host.must(
    `${lookFunction(irq)}; look; sed -n 's/^{ irq: *${irq}, ret: *\\([0-9]*\\) } hitcount: */ret \\1 /p' ${exits}/hist 2>/dev/null`,
    signal,
  );
  return parseLine(output);
}

/** @param output a look, then `ret <irqreturn_t> <times>` lines. IRQ_NONE 0, IRQ_HANDLED 1, IRQ_WAKE_THREAD 2. */
export function parseLine(output: string): LineReading {
  const [look = '', ...answers] = output.trim().split('\n');
  const m = /^\d+\.\d+ ([\d,]+) (\d+) (\d+)$/.exec(look);
  if (!m) throw new Error(`not a reading of an interrupt line: ${output}`);
  const interrupts = m[1]!.split(',').reduce((sum, count) => sum + Number(count), 0);
  const returned: LineReading['returned'] = { none: 0, handled: 0, wake: 0 };
  for (const answer of answers) {
    const [, ret, times] = /^ret (\d+) (\d+)/.exec(answer) ?? [];
    if (ret === '0') returned.none = Number(times);
    if (ret === '1') returned.handled = Number(times);
    if (ret === '2') returned.wake = Number(times);
  }
  return { interrupts, count: Number(m[2]), unhandled: Number(m[3]), returned };
}
