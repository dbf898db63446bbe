/** Starts irqbalance, and beside it a program that watches every affinity of the machine. */
import { LabBrokeError } from '../../errors.ts';
import {
  type Affinities,
  type Running,
  readAffinities,
  startProgram,
  stopProgram,
} from '../common/affinity.ts';
import type { FaultContext } from '../fault.ts';
import type { IrqbalanceFault } from './schema.ts';

export interface Balancing {
  before: Affinities;
  running: Running;
}

export async function injectIrqbalance(
  fault: IrqbalanceFault,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<Balancing> {
  const machine = ctx.machine(fault.on);
  if (!machine) throw new LabBrokeError(`${fault.on} does not answer`, { code: 'FAULT_IMPOSSIBLE' });
  const before = await readAffinities(machine, '[0-9]*', signal);
  const t0 = ctx.now();
  const running = await startProgram(ctx, fault.on, machine, balanceScript(fault.interval), signal);
  ctx.injected('program', t0, running.lines.map(({ text }) => text).join('\n'));
  return { before, running };
}

export async function stopIrqbalance(
  _fault: IrqbalanceFault,
  { running }: Balancing,
  ctx: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  await stopProgram(ctx, running, signal);
}

/** The watch runs four times a second; irqbalance's fastest look is one a second. */
export function balanceScript(interval: number): string {
  return `moves=0 irqs=
cd /proc/irq
look() {
  for i in [0-9]*; do
    read -r now < $i/smp_affinity || continue
    eval "was=\\$a$i a$i=$now"
    [ -z "$was" ] || [ "$was" = "$now" ] || { moves=$((moves + 1)); echo "irq $i: $was -> $now"; }
  done 2>/dev/null
}
look
irqbalance --foreground --interval=${interval} > /run/irqbalance.log 2>&1 &
p=$!
echo "pid=$p moves=0"
while [ ! -e $stop ] && kill -0 $p 2>/dev/null; do
  sleep 0.25
  look
  echo "pid=$p moves=$moves"
done
kill -0 $p 2>/dev/null && echo alive=1 pid=$p moves=$moves || echo alive=0 pid=$p moves=$moves
kill $p 2>/dev/null
wait $p 2>/dev/null
sed 's/^/irqbalance: /' /run/irqbalance.log`;
}
