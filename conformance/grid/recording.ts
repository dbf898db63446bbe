/** What the kernel did at each point of a grid, small enough for the repository; read from what the recorder got. */

import { createHash } from 'node:crypto';
import { formatCpuList, parseCpuList } from '../../src/evidence/cpu-list.ts';
import { readVectorText } from '../../src/evidence/ftrace/vectors.ts';
import { parseKernelMessage } from '../../src/evidence/kernel-log/parse.ts';
import { startMatrix, step } from '../../src/model/vector/matrix.ts';
import { type MatrixSeed, seedFrom } from '../../src/model/vector/seed.ts';
import type { Event, MatrixState } from '../../src/model/vector/types.ts';
import type { RawGrid, RawPoint } from './record.ts';

/** How a disk's interrupts look in /proc/irq: `queue` is a vector a queue, on whichever rung. */
export type Seen = 'queue' | 'shared' | 'line' | 'none';

export interface GridRecording {
  release: string;
  build: string;
  machine: string;
  possible: string;
  present: string;
  nodes: string[];
  cores: string[];
  /** irq_default_affinity, in hexadecimal. */
  defaultAffinity: string;
  points: PointRecording[];
}

/** The events of a point, in order: how many, and a digest of all their fields. */
export interface Digest {
  count: number;
  sha256: string;
}

export interface PointRecording {
  name: string;
  queues: number;
  /** Owners of interrupt lines, by Linux irq. */
  lines: Record<string, string[]>;
  before: PackedSeed;
  /** Number of the first disk, as in virtio1, and the line of each disk in turn. */
  first: number;
  irqs: number[];
  /** `queue 0-131`, `none -28 132-139`: by index. */
  seen: string[];
  /** What the kernel said at warning level and above, in order; names as `virtio#`, with how often. */
  said: string[];
  /** `req.0 0-1`: affinity masks of the first disk's vectors. */
  masks: string[];
  events: Digest;
  /** global_avl, global_rsvd, total_alloc. */
  after: [available: number, reserved: number, allocated: number];
}

interface PackedSeed extends Omit<MatrixSeed, 'systemMap' | 'cpus'> {
  systemMap: string;
  /** number, `on`, `off` or `never`, available, allocMap, managedMap */
  cpus: [cpu: number, state: string, available: number, allocMap: string, managedMap: string][];
}

export function seedOf({ systemMap, cpus, ...rest }: PackedSeed): MatrixSeed {
  return {
    ...rest,
    systemMap: parseCpuList(systemMap),
    cpus: cpus.map(([cpu, state, available, allocMap, managedMap]) => ({
      cpu,
      online: state === 'on',
      initialized: state !== 'never',
      available,
      allocMap: parseCpuList(allocMap),
      managedMap: parseCpuList(managedMap),
    })),
  };
}

function packSeed({ systemMap, cpus, ...rest }: MatrixSeed): PackedSeed {
  return {
    ...rest,
    systemMap: formatCpuList(systemMap),
    cpus: cpus.map((cpu) => [
      cpu.cpu,
      cpu.online ? 'on' : cpu.initialized ? 'off' : 'never',
      cpu.available,
      formatCpuList(cpu.allocMap),
      formatCpuList(cpu.managedMap),
    ]),
  };
}

export function digestOf(events: readonly Event[]): Digest {
  const hash = createHash('sha256');
  for (const event of events) hash.update(`${eventText(event)}\n`);
  return { count: events.length, sha256: hash.digest('hex') };
}

/** As the tracepoint prints it. */
export function eventText(event: Event): string {
  if (event.kind === 'lost') return 'lost';
  const totals = `online_maps=${event.onlineMaps} global_avl=${event.globalAvailable}, global_rsvd=${event.globalReserved}, total_alloc=${event.totalAllocated}`;
  if (!('cpu' in event)) return `${event.kind}: ${totals}`;
  const { bit, cpu, online, available, allocated, managed } = event;
  return `${event.kind}: bit=${bit} cpu=${cpu} online=${online ? 1 : 0} avl=${available} alloc=${allocated} managed=${managed} ${totals}`;
}

interface TracedPoint {
  before: MatrixState;
  events: Event[];
}

/** Splits the trace at its markers; the model follows it from boot and so knows the state at each. */
export function tracedPoints(trace: string): TracedPoint[] {
  const points: TracedPoint[] = [];
  let state: MatrixState | undefined;
  let open: TracedPoint | undefined;
  for (const line of trace.split('\n')) {
    if (line.includes('tracing_mark_write: grid-begin')) open = { before: state!, events: [] };
    else if (line.includes('tracing_mark_write: grid-end') && open) {
      points.push(open);
      open = undefined;
    }
    const read = readVectorText(line);
    if (read?.type === 'lost') throw new Error(`the trace lost ${read.count} events`);
    if (read?.type !== 'matrix') continue;
    state ??= startMatrix(read.event);
    const { state: after, verdict } = step(state, read.event);
    if (verdict.departures.length > 0)
      throw new Error(`${line.trim()}: ${JSON.stringify(verdict.departures)}`);
    state = after;
    open?.events.push(read.event);
  }
  return points;
}

export function recordingOf(raw: RawGrid): GridRecording {
  const traced = tracedPoints(raw.trace);
  const rows = raw.topology.split('\n').map((line) => line.split(' '));
  const values = (key: string) => rows.filter(([name]) => name === key).map((row) => row.at(-1) ?? '');
  const [possible = '', present = ''] = [values('possible')[0], values('present')[0]];
  const [release = '', build = ''] = raw.uname.split('\n');
  return {
    release,
    build,
    machine: raw.machine.name,
    possible,
    present,
    nodes: withAbsent(values('node'), possible),
    cores: [...new Set(values('core'))].filter((core) => /[-,]/.test(core)),
    defaultAffinity: values('default')[0] ?? '',
    points: raw.points.map((point, i) => pointOf(point, traced[i]!, parseCpuList(possible))),
  };
}

/**
 * sysfs lists a node's CPUs that are there; the kernel spreads over the possible ones. Those that no table names are dealt
 * out to the nodes in turn (arch/x86/mm/numa.c numa_init_array), which is simple where there is one node.
 */
function withAbsent(nodes: string[], possible: string): string[] {
  const listed = new Set(nodes.flatMap(parseCpuList));
  if (parseCpuList(possible).every((cpu) => listed.has(cpu))) return nodes;
  if (nodes.length > 1) throw new Error('which node absent CPUs belong to is not known');
  return [possible];
}

function pointOf({ point, facts, dmesg }: RawPoint, traced: TracedPoint, possible: number[]): PointRecording {
  const rows = facts.split('\n').map((line) => line.split(' '));
  const seed = seedFrom(traced.before, possible);
  if (!seed) throw new Error(`${point.name}: the state before it is not known`);
  const lines: Record<string, string[]> = {};
  for (const [kind, irq, name] of rows) if (kind === 'line') lines[irq!] = [...(lines[irq!] ?? []), name!];
  const number = (name: string) => Number(name.replace('virtio', ''));
  const disks = rows
    .filter(([kind]) => kind === 'disk')
    .map(([, name, irq]) => ({ number: number(name!), irq: Number(irq) }))
    .sort((a, b) => a.number - b.number);
  const first = disks[0]!.number;
  const names = new Map<string, string[]>();
  for (const [kind, , name, mask] of rows) {
    if (kind !== 'irq') continue;
    const [disk, part = ''] = name!.split(/-(.*)/s);
    names.set(disk!, [...(names.get(disk!) ?? []), `${part} ${mask}`]);
  }
  const errors = errorsOf(dmesg);
  const seen = disks.map((disk): string => {
    const own = names.get(`virtio${disk.number}`) ?? [];
    const has = (start: string) => own.some((part) => part.startsWith(start));
    if (has('req.')) return 'queue';
    if (has('virtqueues ')) return 'shared';
    if (has(' ')) return 'line';
    return `none ${errors.get(disk.number) ?? '?'}`;
  });
  const last = traced.events.at(-1);
  if (!last || last.kind === 'lost') throw new Error(`${point.name}: no events`);
  return {
    name: point.name,
    queues: point.queues,
    lines,
    before: packSeed(seed),
    first,
    irqs: disks.map(({ irq }) => irq),
    seen: runs(seen),
    said: said(dmesg),
    masks: (names.get(`virtio${first}`) ?? []).sort(),
    events: digestOf(traced.events),
    after: [last.globalAvailable, last.globalReserved, last.totalAllocated],
  };
}

/** `queue 0-131` for each run of equal words. */
export function runs(words: readonly string[]): string[] {
  const result: string[] = [];
  let from = 0;
  for (const [i, word] of words.entries()) {
    if (words[i + 1] === word) continue;
    result.push(`${word} ${formatCpuList(words.slice(from, i + 1).map((_, k) => from + k))}`);
    from = i + 1;
  }
  return result;
}

function messagesOf(dmesg: string): string[] {
  return dmesg.split('\n').map((line) => line.replace(/^(?:<\d+>)?\[ *\d+\.\d+\] /, ''));
}

function errorsOf(dmesg: string): Map<number, number> {
  const errors = new Map<number, number>();
  for (const message of messagesOf(dmesg)) {
    const fact = parseKernelMessage(message);
    if (fact?.kind === 'virtio-probe-failed')
      errors.set(Number(fact.device.replace('virtio', '')), fact.errno);
  }
  return errors;
}

// "Affinity broken" names an irq number, of which the model knows nothing.
const troubles = ['virtio-probe-failed', 'reservation-exceeds', 'flags-mismatch', 'warning'];

function said(dmesg: string): string[] {
  const lines = messagesOf(dmesg).filter((message) => {
    const fact = parseKernelMessage(message);
    return (fact !== undefined && troubles.includes(fact.kind)) || /^WARNING:|^genirq: /.test(message);
  });
  return counted(lines);
}

/** Neighbours that differ by the disk's number alone, once with how many: `8 × …`. */
export function counted(messages: readonly string[]): string[] {
  const plain = messages.map((message) => message.replace(/\bvirtio\d+\b/g, 'virtio#'));
  const result: { text: string; count: number }[] = [];
  for (const text of plain) {
    const last = result.at(-1);
    if (last?.text === text) last.count += 1;
    else result.push({ text, count: 1 });
  }
  return result.map(({ text, count }) => `${count} × ${text}`);
}
