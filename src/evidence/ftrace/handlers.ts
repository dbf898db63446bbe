/**
 * Handlers run (`irq:irq_handler_entry`, `irq:irq_handler_exit`) and marks, in ftrace's text, with the CPU and the time
 * of the line. Formats: TP_printk of include/trace/events/irq.h; kernel/trace/trace_output.c trace_print_context.
 */

/** Where and when a line of ftrace was recorded. */
export interface TraceContext {
  cpu: number;
  /** Seconds of the trace's clock. */
  stamp: number;
  /** The CPU took interrupts while it recorded the line; undefined when the line does not show its flags. */
  interruptsOn: boolean | undefined;
}

export type HandlerLine =
  | { type: 'entry'; irq: number; name: string }
  | { type: 'exit'; irq: number; handled: boolean }
  | { type: 'mark'; text: string }
  | { type: 'unreadable' };

/**
 * `[003] d.h1.     4.567890: `. A task's name, at most 16 characters, stands before and cannot hold all of this.
 * First flag, `d` or `D`: interrupts off (kernel/trace/trace_output.c trace_print_lat_fmt).
 */
const context = /\[(\d{3,5})\] (?:(\S)\S{2,7} +| *)(\d{1,10}\.\d{6,9}): /;

export function readTraceContext(text: string): (TraceContext & { end: number }) | undefined {
  const m = context.exec(text);
  if (!m) return undefined;
  const interruptsOn = m[2] === undefined || m[2] === 'X' ? undefined : m[2] !== 'd' && m[2] !== 'D';
  return { cpu: Number(m[1]), stamp: Number(m[3]), interruptsOn, end: m.index + m[0].length };
}

const entry = /^irq=(\d{1,7}) name=(.{0,200})$/;
const exit = /^irq=(\d{1,7}) ret=(handled|unhandled)\s*$/;
const kinds = ['irq_handler_entry: ', 'irq_handler_exit: ', 'tracing_mark_write: '] as const;

/** @param from where the event's name begins: `end` of {@link readTraceContext}. */
export function readHandlerLine(text: string, from: number): HandlerLine | undefined {
  const kind = kinds.find((name) => text.startsWith(name, from));
  if (!kind) return undefined;
  const fields = text.slice(from + kind.length).trimEnd();
  if (kind === 'tracing_mark_write: ') return { type: 'mark', text: fields };
  if (kind === 'irq_handler_entry: ') {
    const m = entry.exec(fields);
    return m ? { type: 'entry', irq: Number(m[1]), name: m[2]! } : { type: 'unreadable' };
  }
  const m = exit.exec(fields);
  return m ? { type: 'exit', irq: Number(m[1]), handled: m[2] === 'handled' } : { type: 'unreadable' };
}

/** `# entries-in-buffer/entries-written: 5056/9999   #P:2`: @returns how many were overwritten, 0 for none. */
export function overwrittenEvents(text: string): number | undefined {
  const m = /^# entries-in-buffer\/entries-written: (\d{1,12})\/(\d{1,12}) /.exec(text);
  return m ? Math.max(0, Number(m[2]) - Number(m[1])) : undefined;
}
