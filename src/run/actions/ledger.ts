/** The marks that tie the clocks of a ledger's two traces (src/evidence/sync.ts). */
import { syncCommand } from '../../evidence/sync.ts';
import type { LinuxMachine } from '../../guest/linux.ts';
import { answering, type VariantContext } from '../context.ts';
import { askOrGoOn } from '../wait.ts';

const budgetMs = 10_000;
/** Each may be held up on its way; together they are narrow (src/model/ledger/clock.ts). */
const attempts = 12;
let marks = 0;

export function keepsLedger({ plan }: VariantContext): boolean {
  return (plan.host.spec.trace?.length ?? 0) > 0;
}

/** The ledger covers what lies between the first mark and the last. */
export async function markLedger(host: LinuxMachine, signal: AbortSignal): Promise<void> {
  const words = Array.from({ length: attempts }, (_, i) => syncCommand((marks + i) % 0x10000));
  marks += attempts;
  await host.must(words.join('; '), signal);
}

const everyCpu =
  'cd /sys/devices/system/cpu; for c in cpu[0-9]*; do ' +
  `taskset -c "$(echo "$c" | tr -d cpu)" sh -c 'echo vflab-cpu > /sys/kernel/tracing/trace_marker'; done`;

/** The last mark; then each CPU writes a line, and with it shows that it takes interrupts. */
export async function closeLedger(ctx: VariantContext, signal: AbortSignal): Promise<void> {
  const done = await askOrGoOn(ctx.scaled(budgetMs), signal, async (s) => {
    const host = answering(ctx, 'host');
    if (!host) return undefined;
    await markLedger(host, s);
    return await host.run(everyCpu, s);
  });
  if (!done) ctx.record.event({ kind: 'note', text: 'no last mark of the ledger: the host does not answer' });
}
