/** The affinities of a machine's interrupts: read, put back, and changed by a program that tells what it does. */
import type { LinuxMachine } from '../../guest/linux.ts';
import { quoteCommand } from '../../shell.ts';
import type { FaultContext, Proof } from '../fault.ts';

/** irq → `smp_affinity`, as the kernel prints it. */
export type Affinities = ReadonlyMap<number, string>;

/** @param irqs a shell pattern below /proc/irq, or numbers */
export async function readAffinities(
  machine: LinuxMachine,
  irqs: readonly number[] | '[0-9]*',
  signal: AbortSignal,
): Promise<Affinities> {
  const which = irqs === '[0-9]*' ? irqs : irqs.join(' ');
  const output = await machine.must(
    `cd /proc/irq && for i in ${which || "''"}; do [ -r "$i/smp_affinity" ] && echo "$i $(cat $i/smp_affinity)"; done; :`,
    signal,
  );
  return new Map(
    output
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => [Number(line.split(' ')[0]), line.split(' ')[1]!]),
  );
}

/** Vectors that a function's driver has allocated, by irq. */
export async function irqsOf(machine: LinuxMachine, bdf: string, signal: AbortSignal): Promise<number[]> {
  const output = await machine.must(`ls /sys/bus/pci/devices/${bdf}/msi_irqs 2>/dev/null || :`, signal);
  return output.split(/\s+/).filter(Boolean).map(Number);
}

/** Writes them back. An irq that is gone, or refuses (a managed one), is not asked for; any other has to be as it was. */
export async function restoreAffinities(
  ctx: FaultContext,
  on: string,
  before: Affinities,
  signal: AbortSignal,
): Promise<Proof> {
  const machine = ctx.machine(on);
  if (!machine) return { proved: false, because: [`${on} does not answer`] };
  const words = [...before].map(([irq, mask]) => `echo ${mask} > /proc/irq/${irq}/smp_affinity`);
  await machine.must(`{ ${words.join('; ') || ':'}; } 2>/dev/null; :`, signal);
  const now = await readAffinities(machine, [...before.keys()], signal);
  const left = [...now].filter(([irq, mask]) => before.get(irq) !== mask);
  return {
    proved: left.length === 0,
    because:
      left.length === 0
        ? [`${now.size} affinities of ${on} are as they were`]
        : left.map(([irq, mask]) => `irq ${irq} of ${on} has affinity ${mask}, and had ${before.get(irq)}`),
  };
}

/** A program that runs in a machine until it is told to stop, and prints its counters as it goes. */
export interface Running {
  on: string;
  /** Harness time of its start. */
  t0: number;
  /** Created to stop it. */
  stopFile: string;
  /** Lines that it printed, each with the harness time of its arrival. */
  lines: { t: number; text: string }[];
  ended: Promise<void>;
}

/** Starts it, and returns when it has printed its first line. @param script reads no input; `$stop` is its stop file */
export async function startProgram(
  ctx: FaultContext,
  on: string,
  machine: LinuxMachine,
  script: string,
  signal: AbortSignal,
): Promise<Running> {
  const stopFile = `/run/vflab-stop.${ctx.id}.${ctx.occurrence}`;
  const running: Running = { on, t0: ctx.now(), stopFile, lines: [], ended: Promise.resolve() };
  const channel = await machine.stream(
    quoteCommand(['/usr/bin/dash', '-c', `stop=${stopFile}; rm -f $stop\n${script}`]),
    signal,
  );
  const first = Promise.withResolvers<void>();
  let rest = '';
  channel.on('data', (bytes: Buffer) => {
    const parts = (rest + bytes.toString('latin1')).split('\n');
    rest = parts.pop()!;
    for (const text of parts) running.lines.push({ t: ctx.now(), text });
    if (parts.length > 0) first.resolve();
  });
  running.ended = new Promise((resolve) => {
    channel.on('close', () => resolve());
  });
  channel.on('error', () => {});
  void running.ended.then(() => first.resolve());
  void machine.ssh.lost.then(() => first.resolve());
  const abort = () => first.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await first.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return running;
}

/** How long a program may take to see that it should stop. */
const stopBudgetMs = 10_000;

/** What it printed is kept, also of a machine that does not answer any more. */
export async function stopProgram(ctx: FaultContext, running: Running, signal: AbortSignal): Promise<void> {
  const machine = ctx.machine(running.on);
  await ctx.within(stopBudgetMs, signal, async (s) => {
    const aborted = new Promise<never>((_, reject) => {
      s.addEventListener('abort', () => reject(s.reason), { once: true });
    });
    aborted.catch(() => {});
    await machine?.ssh.exec(`: > ${running.stopFile}`, s);
    await Promise.race([running.ended, ...(machine ? [machine.ssh.lost] : []), aborted]);
  });
  const text = running.lines.map(({ t, text }) => `${t.toFixed(6)} ${text}\n`).join('');
  ctx.file(`faults/${ctx.id}.${ctx.occurrence}.log`, text);
}

/** The last line's `name=number` words, and how long the program ran. */
export function countersOf({ lines, t0 }: Running): { counters: Record<string, number>; seconds: number } {
  const last = lines.findLast(({ text }) => /^\w+=\d/.test(text));
  const counters = Object.fromEntries(
    (last?.text ?? '')
      .split(' ')
      .filter((word) => /^\w+=\d+$/.test(word))
      .map((word) => [word.split('=')[0]!, Number(word.split('=')[1])]),
  );
  return { counters, seconds: last ? last.t - t0 : 0 };
}
