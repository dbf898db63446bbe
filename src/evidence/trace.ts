/**
 * The host's ftrace text (`host.trace`): which error handler of which driver the kernel entered, for which
 * function, and what it answered. The probes are those of src/faults/aer/trace.ts; the text format is
 * kernel/trace/trace_output.c and kernel/trace/trace_probe.c.
 */
import { plainLines, type SourceLine } from './source.ts';

/** `perm_failure`: error_detected, but for a channel that is given up. */
export type HandlerStage = 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume' | 'perm_failure';

/** `enum pci_ers_result` (include/linux/pci.h), 1 to 6 in this order. */
const results = ['none', 'can-recover', 'need-reset', 'disconnect', 'recovered', 'no-aer-driver'] as const;
export type HandlerResult = (typeof results)[number];

/** pci_channel_io_perm_failure (include/linux/pci.h). */
const permFailure = '3';

interface Entered {
  stage: HandlerStage;
  devfn: number;
}

export type TraceFact =
  | { kind: 'marker'; id: string }
  /** devfn is slot × 8 + function, without the bus. */
  | { kind: 'handler-entered'; driver: string; stage: HandlerStage; devfn: number }
  | { kind: 'handler-answered'; driver: string; stage: HandlerStage; devfn?: number; result: HandlerResult };

export type TraceEvent = TraceFact & {
  at: SourceLine;
  /** Seconds of the trace clock, which is not that of printk. */
  stamp: number;
};

export interface Trace {
  events: TraceEvent[];
  /** The ring lost events: what is missing in it proves nothing. */
  lost: boolean;
}

const entry = /\[(\d{3,4})\] +\S{3,8} +(\d{1,10}\.\d{6}): (\w{1,80}): ?(.*)$/;
const task = /-(\d{1,10}) *(?:\([^)]{1,16}\) *)?$/;
const probe = /^(\w{1,40}?)__(error_detected|mmio_enabled|slot_reset|resume)(__answer)?$/;

/** Parses a trace; lines of other events are passed over. Never throws. */
export function parseTrace(file: string, machine: string, content: string): Trace {
  const trace: Trace = { events: [], lost: false };
  // An answer says neither for which function nor at which stage: they are those that the same task entered last.
  const entered = new Map<string, Entered>();
  for (const at of plainLines(file, machine, content)) {
    if (/\[?LOST \d{1,12} EVENTS\]|\[\d{1,12} EVENTS LOST\]/.test(at.text)) trace.lost = true;
    const m = entry.exec(at.text);
    if (!m) continue;
    const pid = task.exec(at.text.slice(0, m.index).trimEnd())?.[1] ?? '';
    const fact = readEntry(m[3]!, m[4]!, pid, entered);
    if (fact) trace.events.push({ ...fact, at, stamp: Number(m[2]) });
  }
  return trace;
}

function readEntry(
  name: string,
  text: string,
  pid: string,
  entered: Map<string, Entered>,
): TraceFact | undefined {
  const marker = name === 'tracing_mark_write' ? /^vflab-marker (\S{1,120})/.exec(text) : null;
  if (marker) return { kind: 'marker', id: marker[1]! };
  const m = probe.exec(name);
  if (!m) return undefined;
  // The probe's name cannot hold a dash; no driver of the table has an underscore.
  const driver = m[1]!.replaceAll('_', '-');
  const probed = m[2] as HandlerStage;
  if (m[3] === undefined) {
    const devfn = /\bdevfn=(\d{1,4})\b/.exec(text);
    if (!devfn) return undefined;
    const channel = /\bstate=(\d{1,2})\b/.exec(text)?.[1];
    const now = {
      stage: channel === permFailure ? 'perm_failure' : probed,
      devfn: Number(devfn[1]),
    } as const;
    entered.set(pid, now);
    return { kind: 'handler-entered', driver, ...now };
  }
  const result = results[Number(/\banswer=(\d{1,3})\b/.exec(text)?.[1] ?? 0) - 1];
  if (!result) return undefined;
  return { kind: 'handler-answered', driver, stage: probed, result, ...entered.get(pid) };
}
