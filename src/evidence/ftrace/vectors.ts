/**
 * The events of `irq_matrix:*` and `irq_vectors:vector_*` in ftrace's text, one line at a time. Formats: TP_printk
 * of include/trace/events/irq_matrix.h and arch/x86/include/asm/trace/irq_vectors.h, the same from 4.18 to 7.2.
 */
import { bytesOf, holds, textOf, WordTable } from './bytes.ts';
import { type Keys, keysOf, readFields } from './fields.ts';
import { lostEvents, readHead } from './line.ts';
import { type MatrixProbe, probedWords, readProbe } from './probes.ts';

/** `IRQ_MATRIX_GLOBAL_FIELDS`: the totals that every irq_matrix event ends with, taken after the update. */
export interface MatrixTotals {
  onlineMaps: number;
  globalAvailable: number;
  globalReserved: number;
  totalAllocated: number;
}

export const globalKinds = ['online', 'offline', 'reserve', 'remove_reserved'] as const;
export const cpuKinds = [
  'reserve_managed',
  'remove_managed',
  'alloc_managed',
  'assign',
  'alloc',
  'free',
  // Never fired, and gone since 6.18.
  'alloc_reserved',
] as const;

export interface MatrixCpuEvent extends MatrixTotals {
  kind: (typeof cpuKinds)[number];
  executing: number | undefined;
  bit: number;
  cpu: number;
  online: boolean;
  available: number;
  allocated: number;
  /** Bits of the managed map, in use or not. */
  managed: number;
}

export type MatrixEvent =
  | (MatrixTotals & { kind: (typeof globalKinds)[number]; executing: number | undefined })
  | (MatrixTotals & { kind: 'assign_system'; executing: number | undefined; bit: number })
  | MatrixCpuEvent;

/** A `vector_*` event: its fields by the kernel's names, `ret` signed, `apicdest` a number. */
export interface VectorEvent {
  name: string;
  executing: number | undefined;
  fields: Readonly<Record<string, number>>;
}

export type VectorLine =
  | { type: 'matrix'; event: MatrixEvent }
  | { type: 'vector'; event: VectorEvent }
  | { type: 'probe'; event: MatrixProbe }
  /** The ring overflowed here; 0: the kernel does not say by how many. */
  | { type: 'lost'; count: number }
  /** Begins like one of these events, but is cut or garbled. */
  | { type: 'unreadable'; name: string };

const totals = [' global_avl=', ', global_rsvd=', ', total_alloc='];
const globalKeys = keysOf(['online_maps=', ...totals]);
const systemKeys = keysOf(['bit=', ' online_maps=', ...totals]);
const cpuKeys = keysOf([
  ...['bit=', ' cpu=', ' online=', ' avl=', ' alloc=', ' managed=', ' online_maps='],
  ...totals,
]);

type Values = readonly number[];
type EventReader = (v: Values, executing: number | undefined) => MatrixEvent;

const matrixFormats = new WordTable<{ keys: Keys; event: EventReader }>([
  ...globalKinds.map((kind) => {
    const event: EventReader = (v, executing) => ({ kind, executing, ...totalsOf(v, 0) });
    return [kind, { keys: globalKeys, event }] as const;
  }),
  ...cpuKinds.map((kind) => {
    const event: EventReader = (v, executing) => cpuEvent(kind, v, executing);
    return [kind, { keys: cpuKeys, event }] as const;
  }),
  ...(['assign_system'] as const).map((kind) => {
    const event: EventReader = (v, executing) => ({ kind, executing, bit: v[0]!, ...totalsOf(v, 1) });
    return [kind, { keys: systemKeys, event }] as const;
  }),
]);

type Fields = Readonly<Record<string, number>>;

/** Written out: one shape of object for each kind of event is what the engine is fast with. */
const configured = {
  format: 'irq= vector= cpu= apicdest=0x',
  fields: (v: Values): Fields => ({ irq: v[0]!, vector: v[1]!, cpu: v[2]!, apicdest: v[3]! }),
};
const held = {
  format: 'irq= vector= cpu= prev_vector= prev_cpu=',
  fields: (v: Values): Fields => ({
    irq: v[0]!,
    vector: v[1]!,
    cpu: v[2]!,
    prev_vector: v[3]!,
    prev_cpu: v[4]!,
  }),
};
const answered = {
  format: 'irq= ret=',
  fields: (v: Values): Fields => ({ irq: v[0]!, ret: v[1]! }),
};
const allocated = {
  format: 'irq= vector= reserved= ret=',
  fields: (v: Values): Fields => ({ irq: v[0]!, vector: v[1]!, reserved: v[2]!, ret: v[3]! }),
};
const allocatedManaged = {
  format: 'irq= vector= ret=',
  fields: (v: Values): Fields => ({ irq: v[0]!, vector: v[1]!, ret: v[2]! }),
};
const activated = {
  format: 'irq= is_managed= can_reserve= reserve=',
  fields: (v: Values): Fields => ({ irq: v[0]!, is_managed: v[1]!, can_reserve: v[2]!, reserve: v[3]! }),
};
const tornDown = {
  format: 'irq= is_managed= has_reserved=',
  fields: (v: Values): Fields => ({ irq: v[0]!, is_managed: v[1]!, has_reserved: v[2]! }),
};
const setUp = {
  format: 'irq= is_legacy= ret=',
  fields: (v: Values): Fields => ({ irq: v[0]!, is_legacy: v[1]!, ret: v[2]! }),
};
const freed = {
  format: 'irq= cpu= vector= is_managed=',
  fields: (v: Values): Fields => ({ irq: v[0]!, cpu: v[1]!, vector: v[2]!, is_managed: v[3]! }),
};

const vectorFormats: Record<string, { format: string; fields: (values: Values) => Fields }> = {
  config: configured,
  update: held,
  clear: held,
  reserve: answered,
  reserve_managed: answered,
  alloc: allocated,
  alloc_managed: allocatedManaged,
  activate: activated,
  deactivate: activated,
  teardown: tornDown,
  setup: setUp,
  free_moved: freed,
};

const vectorKeys = new WordTable(
  Object.entries(vectorFormats).map(([name, { format, fields }]) => {
    const keys = keysOf(format.split(' ').map((word, index) => (index === 0 ? word : ` ${word}`)));
    return [name, { name, keys, fields }] as const;
  }),
);

const eventsWord = bytesOf('EVENTS');

/** {@link readVectorLine} of a line that is a string. */
export function readVectorText(text: string): VectorLine | undefined {
  const bytes = bytesOf(text);
  return readVectorLine(bytes, 0, bytes.length);
}

/**
 * @param from, to a line without its newline
 * @returns undefined for every other line. Never throws; linear in the line's length.
 */
export function readVectorLine(bytes: Uint8Array, from: number, to: number): VectorLine | undefined {
  const head = readHead(bytes, from, to);
  if (!head) {
    if (!holds(bytes, from, to, eventsWord)) return undefined;
    const count = lostEvents(textOf(bytes, from, to));
    return count === undefined ? undefined : { type: 'lost', count };
  }
  const { executing, name, nameEnd, fields } = head;
  if (head.system === 'irq_matrix') {
    const format = matrixFormats.at(bytes, name, nameEnd);
    const values = format && readFields(bytes, fields, to, format.keys);
    if (!values) return { type: 'unreadable', name: `irq_matrix_${textOf(bytes, name, nameEnd)}` };
    return { type: 'matrix', event: format.event(values, executing) };
  }
  if (head.system === 'matrix_probe') {
    const call = probedWords.at(bytes, name, nameEnd);
    const event = call && readProbe(bytes, fields, to, call, executing);
    return event ? { type: 'probe', event } : { type: 'unreadable', name: 'matrix_probe' };
  }
  const format = vectorKeys.at(bytes, name, nameEnd);
  // An event of some other system that begins with the same word.
  if (!format) return name === nameEnd ? { type: 'unreadable', name: 'vector' } : undefined;
  const values = readFields(bytes, fields, to, format.keys);
  if (!values) return { type: 'unreadable', name: `vector_${format.name}` };
  return { type: 'vector', event: { name: format.name, executing, fields: format.fields(values) } };
}

function cpuEvent(kind: MatrixCpuEvent['kind'], v: Values, executing: number | undefined): MatrixCpuEvent {
  return {
    kind,
    executing,
    bit: v[0]!,
    cpu: v[1]!,
    online: v[2] === 1,
    available: v[3]!,
    allocated: v[4]!,
    managed: v[5]!,
    onlineMaps: v[6]!,
    globalAvailable: v[7]!,
    globalReserved: v[8]!,
    totalAllocated: v[9]!,
  };
}

function totalsOf(v: readonly number[], at: number): MatrixTotals {
  return {
    onlineMaps: v[at]!,
    globalAvailable: v[at + 1]!,
    globalReserved: v[at + 2]!,
    totalAllocated: v[at + 3]!,
  };
}
