/**
 * One line of ftrace's text: which CPU recorded it, which event, and where its fields begin. Source:
 * kernel/trace/trace_output.c trace_print_context; the text of trace-cmd differs in spaces only.
 *
 *          insmod-512     [003] d..2.     4.567890: irq_matrix_alloc: bit=33 cpu=3 …
 */

export type VectorSystem = 'irq_matrix' | 'vector';

export interface TraceHead {
  system: VectorSystem;
  /** Name without its system's prefix: `alloc_managed`, `free_moved`. */
  name: string;
  /** CPU that executed the tracepoint; undefined when the line does not show it. */
  executing: number | undefined;
  /** Index of the first character of the fields. */
  fields: number;
}

/** A task's name, at most 16 characters, stands before: it cannot play an event. */
const shortestContext = 17;

/** @returns undefined for every line that holds no event of the two systems. Never throws, linear. */
export function readHead(text: string): TraceHead | undefined {
  const matrix = text.indexOf(': irq_matrix_', shortestContext);
  const system: VectorSystem = matrix >= 0 ? 'irq_matrix' : 'vector';
  const colon = matrix >= 0 ? matrix : text.indexOf(': vector_', shortestContext);
  if (colon < 0) return undefined;
  const begin = colon + 2 + system.length + 1;
  const end = text.indexOf(':', begin);
  if (end < 0 || end - begin > 24) return undefined;
  let fields = end + 1;
  while (text.charCodeAt(fields) === 32) fields += 1;
  return { system, name: text.slice(begin, end), executing: executingCpu(text, colon), fields };
}

/** NR_CPUS is at most 8192 on x86. */
const mostCpus = 8191;

/** `[003]`, the last bracket before the event's name. */
export function executingCpu(text: string, before: number): number | undefined {
  const open = text.lastIndexOf('[', before);
  const close = text.indexOf(']', open);
  if (open < 0 || close < 0 || close > before || close - open > 5 || close - open < 2) return undefined;
  const cpu = Number(text.slice(open + 1, close));
  return Number.isInteger(cpu) && cpu >= 0 && cpu <= mostCpus ? cpu : undefined;
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
