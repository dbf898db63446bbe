/** A kernel log as typed events, each with the line it came from. */
import { type AerFact, parseAer } from './aer.ts';
import { type DriverFact, parseDriver } from './drivers.ts';
import { type GenirqFact, parseGenirq } from './genirq.ts';
import type { KernelLine } from './line.ts';
import { type HotplugFact, parsePciehp } from './pciehp.ts';
import { parseTrouble, type TroubleFact } from './trouble.ts';
import { parseVectors, type VectorFact } from './vectors.ts';
import { parseVfio, type VfioFact } from './vfio.ts';
import { parseVirtio, type VirtioFact } from './virtio.ts';

export type OtherFact =
  /** `vflab-marker <id>`, written by the runner through /dev/kmsg: one side of the clock offset. */
  | { kind: 'marker'; id: string }
  | { kind: 'boot'; release: string }
  /** From here on sched_clock(), and with it ftrace's local and global clocks, is held to jiffies. */
  | { kind: 'clock-unstable' }
  /** On a dying CPU tracepoints are silent: where its interrupts went no trace tells. */
  | { kind: 'cpu-offline'; cpu: number }
  /** Lines that a rate limit swallowed: checks on such lines must be "at most". */
  | { kind: 'suppressed'; callbacks: number };

export type KernelFact =
  | AerFact
  | DriverFact
  | GenirqFact
  | HotplugFact
  | OtherFact
  | TroubleFact
  | VectorFact
  | VfioFact
  | VirtioFact;
export type KernelEvent = KernelFact & { at: KernelLine };

const marker = /^vflab-marker (\S{1,120})/;
const boot = /^Linux version (\S{1,80})/;
// arch/x86/kernel/tsc.c mark_tsc_unstable(), kernel/sched/clock.c __sched_clock_work()
const unstable = /^(?:tsc: Marking TSC unstable due to |sched_clock: Marking unstable )/;
// arch/x86/kernel/smpboot.c arch_cpuhp_cleanup_dead_cpu(), before 6.5 common_cpu_die()
const dead = /^smpboot: CPU (\d{1,5}) is now offline/;
const suppressed = /(\d{1,9}) callbacks suppressed/;

/** The fact in one message, or undefined for a line that no rule needs. Never throws. */
export function parseKernelMessage(message: string): KernelFact | undefined {
  const text = message.slice(0, 2000);
  const m = marker.exec(text);
  if (m) return { kind: 'marker', id: m[1]! };
  const booted = boot.exec(text);
  if (booted) return { kind: 'boot', release: booted[1]! };
  if (unstable.test(text)) return { kind: 'clock-unstable' };
  const gone = dead.exec(text);
  if (gone) return { kind: 'cpu-offline', cpu: Number(gone[1]) };
  const fact =
    parseAer(text) ??
    parsePciehp(text) ??
    parseVfio(text) ??
    parseVirtio(text) ??
    parseDriver(text) ??
    parseGenirq(text) ??
    parseVectors(text) ??
    parseTrouble(text);
  if (fact) return fact;
  const lost = suppressed.exec(text);
  return lost ? { kind: 'suppressed', callbacks: Number(lost[1]) } : undefined;
}

export function kernelEvents(lines: Iterable<KernelLine>): KernelEvent[] {
  const events: KernelEvent[] = [];
  for (const at of lines) {
    const fact = parseKernelMessage(at.message);
    if (fact) events.push({ ...fact, at });
  }
  return events;
}
