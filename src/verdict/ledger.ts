/**
 * The interrupt ledger of one machine, from the trace of its QEMU and the trace of its kernel: every interrupt raised,
 * and what became of it. Reads line by line; what it keeps is some hundred bytes an interrupt.
 */
import { overwrittenEvents, readHandlerLine, readTraceContext } from '../evidence/ftrace/handlers.ts';
import { looksLikeTrace, lostEvents } from '../evidence/ftrace/line.ts';
import { readVectorText } from '../evidence/ftrace/vectors.ts';
import type { KernelEvent as LogLine } from '../evidence/kernel-log/parse.ts';
import { readQemuTraceLine } from '../evidence/qemu-trace.ts';
import { syncMark, syncWrite } from '../evidence/sync.ts';
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import { balance } from '../model/ledger/balance.ts';
import type { Balance } from '../model/ledger/book.ts';
import { type ClockMark, LedgerClock } from '../model/ledger/clock.ts';
import { DeviceSide } from '../model/ledger/device.ts';
import type { LogEvent } from '../model/ledger/explain.ts';
import { KernelSide } from '../model/ledger/kernel.ts';
import type { KernelEvent } from '../model/ledger/types.ts';

export interface LedgerInput {
  /** Lines read of each file. */
  qemuLines: number;
  kernelLines: number;
  /** Events of QEMU's trace that say something to a ledger. */
  qemuEvents: number;
  /** Handlers entered. */
  handlers: number;
  /** Lines of QEMU's trace that are cut or none. */
  unreadable: number;
  /** Some line is ftrace's. */
  isKernelTrace: boolean;
  /** Events that the kernel's ring lost or overwrote; 0 also where it does not say how many. */
  kernelLost: number;
}

export interface LedgerResult extends Balance {
  input: LedgerInput;
  /** Time covered, seconds, between the first mark that both traces hold and the last. */
  seconds: number;
  marks: number;
  /** Bound of the clocks' alignment, seconds. */
  clockError: number;
}

/** Then a handler can be stamped milliseconds before the interrupt that it handled. */
const jumpingClock =
  'the kernel holds its TSC for unstable, so that its trace clock jumps: nobody is accused (tsc=reliable helps)';

/** Tracepoints do not fire on a CPU that is not online any more (include/linux/tracepoint.h), where fixup_irqs() runs. */
const deadCpu = (cpu: number) =>
  `CPU ${cpu} went offline, and no trace tells where its interrupts went: nobody is accused`;

export class LedgerReader {
  readonly input: LedgerInput = {
    qemuLines: 0,
    kernelLines: 0,
    qemuEvents: 0,
    handlers: 0,
    unreadable: 0,
    isKernelTrace: false,
    kernelLost: 0,
  };
  readonly #device = new DeviceSide();
  readonly #kernel = new KernelSide();
  readonly #log: LogEvent[] = [];
  readonly #writes = new Map<number, number>();
  readonly #before = new Map<number, number>();
  readonly #after = new Map<number, number>();
  #lostNext = false;
  /** Seconds that the machine stood still so far; and since when it does. */
  #stoodStill = 0;
  #stoppedAt: number | undefined;

  qemuLine(text: string): void {
    const { input } = this;
    input.qemuLines += 1;
    const read = readQemuTraceLine(text);
    if (read.type === 'unreadable') {
      input.unreadable += 1;
      this.#device.gap();
    }
    if (read.type !== 'event') return;
    input.qemuEvents += 1;
    const { event } = read;
    if (event.kind === 'run-state') {
      this.#runState(event);
      return;
    }
    const time = this.#goingTime(event.time);
    const mark = event.kind === 'config' ? syncWrite(event) : undefined;
    if (mark !== undefined) this.#writes.set(mark, time);
    this.#device.take({ ...event, time, line: input.qemuLines });
  }

  /**
   * A machine that a debugger holds has no time: its TSC and its timers stand still (QEMU system/cpus.c, do_vm_stop():
   * cpu_disable_ticks()), so what its kernel's clock is set against is the time in which it goes.
   */
  #goingTime(time: number): number {
    return (this.#stoppedAt ?? time) - this.#stoodStill;
  }

  #runState({ running, time }: { running: boolean; time: number }): void {
    if (!running) this.#stoppedAt ??= time;
    else if (this.#stoppedAt !== undefined) {
      this.#stoodStill += time - this.#stoppedAt;
      this.#stoppedAt = undefined;
    }
  }

  kernelLine(text: string): void {
    const { input } = this;
    input.kernelLines += 1;
    const at = readTraceContext(text);
    if (!at) {
      this.#outside(text);
      return;
    }
    input.isKernelTrace = true;
    const { cpu, stamp: time } = at;
    const where = { line: input.kernelLines, time, cpu };
    if (this.#lostNext) this.#kernel.take({ ...where, kind: 'lost' }, false);
    this.#lostNext = false;
    this.#kernel.take({ ...where, ...this.#event(text, at.end, time) }, at.interruptsOn === true);
  }

  logEvent(event: LogLine): void {
    if (event.kind === 'boot')
      this.#kernel.edgeWaits = kernelFeatures(kernelVersion(event.release)).edgeWaitsForHandler === true;
    if (event.kind === 'clock-unstable') this.#kernel.doubt = jumpingClock;
    if (event.kind === 'cpu-offline') this.#kernel.doubt ??= deadCpu(event.cpu);
    const { stamp: time, line } = event.at;
    if (time === undefined) return;
    if (event.kind === 'irq-disabled') this.#log.push({ kind: 'disabled', irq: event.irq, time, line });
    if (event.kind === 'no-irq-handler')
      this.#log.push({ kind: 'no-handler', cpu: event.cpu, vector: event.vector, time, line });
  }

  /** @returns undefined when no mark is in both traces: then nothing can be set against anything. */
  close(): LedgerResult | undefined {
    this.#device.end();
    const marks: ClockMark[] = [];
    for (const [number, device] of this.#writes) {
      const low = this.#before.get(number);
      const high = this.#after.get(number);
      if (low !== undefined && high !== undefined && low <= high) marks.push({ device, low, high });
    }
    if (marks.length === 0) return undefined;
    const clock = new LedgerClock(marks);
    return {
      ...balance({ device: this.#device, kernel: this.#kernel, clock, log: this.#log }),
      input: this.input,
      seconds: clock.end - clock.begin,
      marks: marks.length,
      clockError: clock.error,
    };
  }

  /** A line without a context: the header, or a mark that events were lost. */
  #outside(text: string): void {
    const { input } = this;
    input.isKernelTrace ||= looksLikeTrace(text);
    const overwritten = overwrittenEvents(text);
    const lost = overwritten === 0 ? undefined : (overwritten ?? lostEvents(text));
    if (lost === undefined) return;
    input.kernelLost += lost;
    this.#lostNext = true;
  }

  #event(text: string, from: number, time: number): Body {
    const handler = readHandlerLine(text, from);
    switch (handler?.type) {
      case 'entry':
        this.input.handlers += 1;
        return { kind: 'entry', irq: handler.irq, name: handler.name };
      case 'exit':
        return { kind: 'exit', irq: handler.irq, handled: handler.handled };
      case 'mark':
        this.#mark(handler.text, time);
        return { kind: 'other' };
      case 'unreadable':
        // A handler ran, and which is not known: as good as lost.
        return { kind: 'lost' };
    }
    if (text.startsWith('irq_matrix_assign_system', from)) return { kind: 'boot' };
    const read = readVectorText(text);
    return (read?.type === 'vector' && vectorBody(read.event.name, read.event.fields)) || { kind: 'other' };
  }

  #mark(text: string, time: number): void {
    const mark = syncMark(text);
    if (mark) (mark.side === 'before' ? this.#before : this.#after).set(mark.number, time);
  }
}

/** A kernel event without its place. */
type Body = KernelEvent extends infer E
  ? E extends KernelEvent
    ? Omit<E, 'line' | 'time' | 'cpu'>
    : never
  : never;

function vectorBody(name: string, f: Readonly<Record<string, number>>): Body | undefined {
  switch (name) {
    case 'config':
      return {
        kind: 'config',
        irq: f.irq!,
        vector: f.vector!,
        target: f.cpu!,
        apicdest: f.apicdest!,
      };
    case 'clear':
      return { kind: 'clear', irq: f.irq! };
    case 'free_moved':
      return { kind: 'free-moved', irq: f.irq!, vector: f.vector!, target: f.cpu! };
    default:
      return undefined;
  }
}
