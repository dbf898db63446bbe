/** The merged history: all events of all machines in one order of time, each with its error and its source. */
import { fitClock, type KernelClock, kernelClocks, type Moment, wallClock } from './clock.ts';
import { type HarnessRecord, harnessFile, ofKind, parseHarness, type Recorded } from './harness.ts';
import { type KernelLine, kernelLines } from './kernel-log/line.ts';
import { type KernelEvent, kernelEvents } from './kernel-log/parse.ts';
import { parseStderr, type StderrEvent } from './qemu-stderr.ts';
import { parseQmp, type QmpEvent } from './qmp.ts';
import { plainLines, timedLines } from './source.ts';
import { parseTrace, type TraceEvent } from './trace.ts';

export type HistoryEvent = {
  machine: string;
  /** Harness time in seconds; NaN when nothing dates the event. */
  t: number;
  /** Bound of the error of `t`, seconds. Infinite: `t` is only an upper bound (time of arrival). */
  error: number;
} & (
  | { from: 'kernel'; event: KernelEvent }
  | { from: 'qmp'; event: QmpEvent }
  | { from: 'stderr'; event: StderrEvent }
  | { from: 'trace'; event: TraceEvent }
  | { from: 'harness'; event: Recorded }
);

export interface DatedKernelEvent extends Moment {
  event: KernelEvent;
}

export interface DatedStderr extends Moment {
  event: StderrEvent;
}

export interface MachineRecord {
  machine: string;
  /** Kernel lines, console first, then those that only the ring buffer has; in order of boot and stamp. */
  lines: KernelLine[];
  /** The kernel's events in the order of `lines`: the order in which its log holds them. */
  kernel: DatedKernelEvent[];
  clocks: Map<number, KernelClock>;
  qmpBroken: number;
}

export interface History {
  events: HistoryEvent[];
  machines: Map<string, MachineRecord>;
  harness: HarnessRecord;
  /** The host's trace lost events. */
  traceLost: boolean;
  /** Files of the variant that were asked for and are not there. */
  missing: string[];
}

/**
 * Builds the history of one variant.
 * @param machines names of the machines: `host` and the guests
 * @param files gives a file of the variant's folder by name, undefined where there is none
 */
export function buildHistory(
  machines: readonly string[],
  files: (name: string) => string | undefined,
): History {
  const missing: string[] = [];
  const read = (name: string): string => {
    const content = files(name);
    if (content === undefined) missing.push(name);
    return content ?? '';
  };
  const harness = parseHarness(read(harnessFile));
  const events: HistoryEvent[] = harness.events.map((event) => ({
    machine: 'machine' in event ? event.machine : 'harness',
    t: event.t,
    error: 0,
    from: 'harness',
    event,
  }));
  const records = new Map<string, MachineRecord>();
  for (const machine of machines) records.set(machine, addMachine(machine, read, harness, events));
  const traceLost = addTrace(files('host.trace') ?? '', harness, events);
  // Stable: events of one source at one time keep the order in which they were recorded.
  events.sort((a, b) => sortable(a.t) - sortable(b.t));
  return { events, machines: records, harness, traceLost, missing };
}

/** The trace is optional: a kernel may refuse probes. Its clock is aligned by the markers written into it. */
function addTrace(content: string, harness: HarnessRecord, events: HistoryEvent[]): boolean {
  const { events: found, lost } = parseTrace('host.trace', 'host', content);
  const markers = ofKind(harness.events, 'clock-marker');
  const samples = found.flatMap((event) => {
    if (event.kind !== 'marker') return [];
    return markers
      .filter((marker) => marker.id === event.id)
      .map((marker) => ({ stamp: event.stamp, low: marker.t0 - event.stamp, high: marker.t1 - event.stamp }));
  });
  const clock = fitClock('host.trace', 0, samples, Number.POSITIVE_INFINITY);
  for (const event of found) {
    events.push({ machine: 'host', ...clock.toHarness(event.stamp), from: 'trace', event });
  }
  return lost;
}

function sortable(t: number): number {
  return Number.isNaN(t) ? Number.MAX_VALUE : t;
}

function addMachine(
  machine: string,
  read: (name: string) => string,
  harness: HarnessRecord,
  events: HistoryEvent[],
): MachineRecord {
  const qmp = parseQmp(`${machine}.qmp`, machine, read(`${machine}.qmp`));
  const resets = qmp.events.flatMap((event) => (event.kind === 'reset' ? [event.t] : []));
  const serial = kernelLines(timedLines(`${machine}.serial`, machine, read(`${machine}.serial`)), resets);
  const ring = kernelLines(plainLines(`${machine}.dmesg`, machine, read(`${machine}.dmesg`)));
  const lines = mergeLogs(serial, ring, bootAtEnd(serial, resets));
  const found = kernelEvents(lines);
  const clocks = kernelClocks(machine, lines, found, ofKind(harness.events, 'clock-marker'));
  const kernel = found.map((event) => ({ ...dateLine(event.at, clocks), event }));
  for (const dated of kernel) events.push({ machine, from: 'kernel', ...dated });
  for (const event of qmp.events) events.push({ machine, t: event.t, error: 0, from: 'qmp', event });
  // A guest's QEMU runs on the host, so its stamps are the host's wall clock; the host's own QEMU has ours.
  const wall = wallClock('host', ofKind(harness.events, 'wall-clock'));
  for (const event of parseStderr(`${machine}.stderr`, machine, read(`${machine}.stderr`))) {
    const dated = event.wallMs !== undefined && machine !== 'host' ? wall?.(event.wallMs) : undefined;
    const when = dated ?? { t: event.at.arrived ?? Number.NaN, error: Number.POSITIVE_INFINITY };
    events.push({ machine, ...when, from: 'stderr', event });
  }
  return { machine, lines, kernel, clocks, qmpBroken: qmp.broken };
}

/** The moment of a kernel line: by its clock, else its arrival as an upper bound. */
export function dateLine(line: KernelLine, clocks: ReadonlyMap<number, KernelClock>): Moment {
  const clock = clocks.get(line.boot);
  if (line.stamp !== undefined && clock && Number.isFinite(clock.error)) return clock.toHarness(line.stamp);
  return { t: line.arrived ?? Number.NaN, error: Number.POSITIVE_INFINITY };
}

/** The boot that the machine is in at the end: one further when it was reset after its last console line. */
function bootAtEnd(serial: readonly KernelLine[], resets: readonly number[]): number {
  const last = serial.findLast((line) => line.stamp !== undefined);
  if (!last) return 0;
  const resetAfter = resets.some((t) => t > (last.arrived ?? Number.POSITIVE_INFINITY));
  return resetAfter ? last.boot + 1 : last.boot;
}

/**
 * The console's lines, with those of the ring buffer that the console missed put in at their stamp. The ring
 * belongs to the last boot. A line that both have is kept once; one that the console shows cut, or with someone
 * else's output behind it, gives way to the ring's.
 */
export function mergeLogs(
  serial: readonly KernelLine[],
  ring: readonly KernelLine[],
  boot: number = bootAtEnd(serial, []),
): KernelLine[] {
  if (ring.length === 0) return [...serial];
  const inRing = byStamp(ring);
  const isSpoiled = (line: KernelLine): boolean => {
    const whole = line.stamp === undefined ? [] : (inRing.get(line.stamp) ?? []);
    const shown = line.message.trim();
    return !whole.includes(shown) && whole.some((text) => text.startsWith(shown) || shown.startsWith(text));
  };
  const older = serial.filter((line) => line.boot !== boot);
  const current = serial.filter((line) => line.boot === boot && !isSpoiled(line));
  const shown = byStamp(current);
  const extra = ring.filter(
    (line) => line.stamp === undefined || !shown.get(line.stamp)?.includes(line.message.trim()),
  );
  return [
    ...older,
    ...interleave(
      current,
      extra.map((line) => ({ ...line, boot })),
    ),
  ];
}

function byStamp(lines: readonly KernelLine[]): Map<number, string[]> {
  const texts = new Map<number, string[]>();
  for (const line of lines) {
    if (line.stamp === undefined) continue;
    const same = texts.get(line.stamp);
    if (same) same.push(line.message.trim());
    else texts.set(line.stamp, [line.message.trim()]);
  }
  return texts;
}

/** Merges by stamp and keeps the order within each list; a line without stamp stays after its predecessor. */
function interleave(a: readonly KernelLine[], b: readonly KernelLine[]): KernelLine[] {
  const merged: KernelLine[] = [];
  let next = 0;
  for (const line of a) {
    while (next < b.length && line.stamp !== undefined && (b[next]!.stamp ?? 0) < line.stamp)
      merged.push(b[next++]!);
    merged.push(line);
  }
  return [...merged, ...b.slice(next)];
}
