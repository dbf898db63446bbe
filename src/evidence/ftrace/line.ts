/**
 * One line of ftrace's text: which CPU recorded it, which event, and where its fields begin. Source:
 * kernel/trace/trace_output.c trace_print_context; the text of trace-cmd differs in spaces only.
 *
 *          insmod-512     [003] d..2.     4.567890: irq_matrix_alloc: bit=33 cpu=3 …
 */

export type VectorSystem = 'irq_matrix' | 'vector' | 'matrix_probe';
const systems: readonly VectorSystem[] = ['irq_matrix', 'vector', 'matrix_probe'];

export interface TraceHead {
  system: VectorSystem;
  /** Name without its system's prefix: `alloc_managed`, `free_moved`; empty: the line is cut in it. */
  name: string;
  /** CPU that executed the tracepoint; undefined when the line does not show it. */
  executing: number | undefined;
  /** Index of the first character of the fields. */
  fields: number;
}

/** A task's name, at most 16 characters, stands before: it cannot play an event. */
const shortestContext = 17;

/** @returns undefined for every line that holds no event of these systems. Never throws, linear. */
export function readHead(text: string): TraceHead | undefined {
  for (let colon = text.indexOf(': ', shortestContext); colon >= 0; colon = text.indexOf(': ', colon + 2)) {
    const system = systemAt(text, colon + 2);
    if (!system) continue;
    const begin = colon + 2 + system.length + 1;
    const end = text.indexOf(':', begin);
    if (end < 0 && isCutName(text, begin)) return { system, name: '', executing: undefined, fields: begin };
    if (end < 0 || end - begin > 24) return undefined;
    let fields = end + 1;
    while (text.charCodeAt(fields) === 32) fields += 1;
    return { system, name: text.slice(begin, end), executing: executingCpu(text, colon), fields };
  }
  return undefined;
}

/** The line ends in the middle of the event's name. */
function isCutName(text: string, begin: number): boolean {
  for (let at = begin; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 95 && code !== 13 && (code < 97 || code > 122)) return false;
  }
  return text.length - begin <= 24;
}

function systemAt(text: string, at: number): VectorSystem | undefined {
  for (const system of systems)
    if (text.charCodeAt(at + system.length) === 95 && text.startsWith(system, at)) return system;
  return undefined;
}

/** NR_CPUS is at most 8192 on x86. */
const mostCpus = 8191;

/** `[003]`, the last bracket before the event's name. */
function executingCpu(text: string, before: number): number | undefined {
  const close = text.lastIndexOf(']', before);
  let cpu = 0;
  let unit = 1;
  for (let at = close - 1; at >= 0 && at > close - 5; at -= 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit === 43) return unit > 1 && cpu <= mostCpus ? cpu : undefined;
    if (digit < 0 || digit > 9) return undefined;
    cpu += digit * unit;
    unit *= 10;
  }
  return text.charCodeAt(close - 5) === 91 && cpu <= mostCpus ? cpu : undefined;
}

/** `CPU:3 [LOST 12 EVENTS]` (kernel/trace/trace.c print_trace_line), and perf's `[12 EVENTS LOST]`. */
const lostMarks = [/\[LOST (\d{1,15}) EVENTS\]/, /\[(\d{1,15}) EVENTS (?:LOST|DROPPED)\]/];

/** @returns how many events are missing before this line; undefined when it does not say so. */
export function lostEvents(text: string): number | undefined {
  if (!text.includes('EVENTS')) return undefined;
  for (const mark of lostMarks) {
    const m = mark.exec(text);
    if (m) return Number(m[1]);
  }
  // `CPU:3 [LOST EVENTS]`: the kernel does not know how many.
  return text.includes('[LOST EVENTS]') ? 0 : undefined;
}

/** A line that only ftrace writes: its header, an event of any kind with its context, or a lost-events mark. */
export function looksLikeTrace(text: string): boolean {
  return text.startsWith('# tracer: ') || lostEvents(text) !== undefined || context.test(text);
}

const context = /-\d{1,10} +(?:\([ \d-]{1,10}\) +)?\[\d{3,5}\] +(?:\S{3,8} +)?\d{1,20}(?:\.\d{1,9})?: \w/;
