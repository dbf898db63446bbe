/**
 * One line of ftrace's text: which CPU recorded it, which event, and where its fields begin. Source:
 * kernel/trace/trace_output.c trace_print_context; the text of trace-cmd differs in spaces only.
 *
 *          insmod-512     [003] d..2.     4.567890: irq_matrix_alloc: bit=33 cpu=3 …
 */
import { bytesOf, isAt } from './bytes.ts';

export type VectorSystem = 'irq_matrix' | 'vector' | 'matrix_probe';
const systems = (['irq_matrix', 'vector', 'matrix_probe'] as const).map((system) => ({
  system,
  word: bytesOf(`${system}_`),
}));

export interface TraceHead {
  system: VectorSystem;
  /** CPU that executed the tracepoint; undefined when the line does not show it. */
  executing: number | undefined;
  /** The name without its system's prefix: `alloc_managed`, `free_moved`; empty: the line is cut in it. */
  name: number;
  nameEnd: number;
  /** Index of the first character of the fields. */
  fields: number;
}

/** A task's name, at most 16 characters, stands before: it cannot play an event. */
const shortestContext = 17;
const longestName = 24;
const colonCode = 58;
const spaceCode = 32;

/** @returns undefined for every line that holds no event of these systems. Never throws, linear. */
export function readHead(bytes: Uint8Array, from: number, to: number): TraceHead | undefined {
  for (let colon = from + shortestContext; colon + 1 < to; colon += 1) {
    if (bytes[colon] !== colonCode || bytes[colon + 1] !== spaceCode) continue;
    const found = systemAt(bytes, colon + 2, to);
    if (!found) continue;
    const { system, word } = found;
    const name = colon + 2 + word.length;
    let nameEnd = name;
    while (nameEnd < to && nameEnd - name <= longestName && bytes[nameEnd] !== colonCode) nameEnd += 1;
    if (nameEnd === to && isCutName(bytes, name, to))
      return { system, executing: undefined, name, nameEnd: name, fields: name };
    if (nameEnd === to || nameEnd - name > longestName) return undefined;
    let fields = nameEnd + 1;
    while (fields < to && bytes[fields] === spaceCode) fields += 1;
    return { system, executing: executingCpu(bytes, from, colon), name, nameEnd, fields };
  }
  return undefined;
}

/** The line ends in the middle of the event's name. */
function isCutName(bytes: Uint8Array, name: number, to: number): boolean {
  for (let at = name; at < to; at += 1) {
    const code = bytes[at]!;
    if (code !== 95 && code !== 13 && (code < 97 || code > 122)) return false;
  }
  return true;
}

function systemAt(bytes: Uint8Array, at: number, to: number) {
  for (const one of systems) if (isAt(bytes, at, to, one.word)) return one;
  return undefined;
}

/** NR_CPUS is at most 8192 on x86. */
const mostCpus = 8191;

/** `[003]`, the last bracket before the event's name. */
function executingCpu(bytes: Uint8Array, from: number, before: number): number | undefined {
  let close = before;
  while (close > from && bytes[close] !== 93) close -= 1;
  let cpu = 0;
  let unit = 1;
  for (let at = close - 1; at >= from && at > close - 6; at -= 1) {
    const digit = bytes[at]! - 48;
    if (digit === 43) return unit > 1 && cpu <= mostCpus ? cpu : undefined;
    if (digit < 0 || digit > 9) return undefined;
    cpu += digit * unit;
    unit *= 10;
  }
  return undefined;
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
