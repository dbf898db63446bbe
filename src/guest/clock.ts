/**
 * Ties a machine's kernel clock to the harness's: a sample is taken between two readings of the harness's
 * clock, so the offset is known to half their distance.
 */
import type { UntimedEvent } from '../evidence/record.ts';
import type { LinuxMachine } from './linux.ts';

export interface ClockLog {
  now(): number;
  event(event: UntimedEvent<'clock-marker'>): void;
}

let markers = 0;

/**
 * Writes a marker line into the kernel log: its printk time stamp is the guest's clock.
 * @returns The marker's text, `vflab-marker <id>`, unique in this process.
 */
export async function markClock(machine: LinuxMachine, log: ClockLog, signal: AbortSignal): Promise<string> {
  markers += 1;
  const id = `${machine.name}-${process.pid}-${markers}`;
  const text = `vflab-marker ${id}`;
  const t0 = log.now();
  // The trace has a clock of its own: the marker in both ties the two.
  await machine.must(
    `echo '<5>${text}' > /dev/kmsg; echo '${text}' > /sys/kernel/tracing/trace_marker 2>/dev/null || :`,
    signal,
  );
  const t1 = log.now();
  log.event({ kind: 'clock-marker', machine: machine.name, id, t0, t1 });
  return text;
}
