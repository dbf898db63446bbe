/**
 * Probes that a recorder may set beside the tracepoints of the vector matrix. They tell what no tracepoint does: the
 * affinity mask that a CPU is chosen from, and what a dying CPU does, on which tracepoints are silent (probes are not).
 * Source: kernel/irq/matrix.c (the arguments, the same from 4.20 to 7.2), Documentation/trace/kprobetrace.rst.
 *
 *     [001] d..3.  4.5: matrix_probe_alloc: (irq_matrix_alloc+0x0/0x1b0) reserved=1 mask=0xf online=0xf cpus=4
 */

import { bytesOf, isAt, isSpace, WordTable } from './bytes.ts';
import { digitOf } from './fields.ts';

export const probedCalls = [
  'alloc',
  'alloc_managed',
  'reserve_managed',
  'remove_managed',
  'free',
  'offline',
] as const;
export type ProbedCall = (typeof probedCalls)[number];

/** The entry of a function of the matrix. Its tracepoint, if any, follows on the same CPU. */
export interface MatrixProbe {
  call: ProbedCall;
  executing: number | undefined;
  /** The CPUs to choose from, 32 a word, CPU 0 in bit 0 of the first; bits past `cpus` mean nothing. */
  mask?: readonly number[];
  /** `__cpu_online_mask`; without the executing CPU, that CPU is dying. */
  online?: readonly number[];
  /** `nr_cpu_ids`: one more than the highest possible CPU. */
  cpus?: number;
  /** Of `alloc`: it uses up a reservation. */
  reserved?: boolean;
  /** Of `free`. */
  cpu?: number;
  bit?: number;
  managed?: boolean;
}

const masked = ['alloc', 'alloc_managed', 'reserve_managed', 'remove_managed'];
const others: Partial<Record<ProbedCall, string>> = {
  alloc: 'reserved=%dx:u8',
  free: 'cpu=%si:u32 bit=%dx:u32 managed=%cx:u8',
};

/**
 * The lines for `kprobe_events` (enable them by events/vflab_matrix/enable).
 * @param cpus possible CPUs (`nr_cpu_ids`) or more: a word of each mask is read for every 64.
 */
export function matrixProbes(cpus: number): string[] {
  const words = Array.from({ length: Math.max(1, Math.ceil(cpus / 64)) }, (_, word) => word);
  const online = words.map(
    (word) => `online${word || ''}=@__cpu_online_mask${word ? `+${word * 8}` : ''}:x64`,
  );
  const mask = words.map((word) => `mask${word || ''}=+${word * 8}(%si):x64`);
  return probedCalls.map((call) =>
    [
      `p:vflab_matrix/matrix_probe_${call} irq_matrix_${call}`,
      ...(others[call] ? [others[call]] : []),
      ...(masked.includes(call) ? mask : []),
      ...online,
      'cpus=@nr_cpu_ids:u32',
    ].join(' '),
  );
}

/** The same as one word of the kernel's command line: set and enabled before the first driver probes. */
export function matrixProbesWord(cpus: number): string {
  return `kprobe_event=${matrixProbes(cpus)
    .map((line) => line.replaceAll(' ', ','))
    .join(';')}`;
}

export const probedWords = new WordTable(probedCalls.map((call) => [call, call] as const));

const parenthesis = 41;
const equalsSign = 61;
const zeroX = bytesOf('0x');
const numbers = new WordTable(
  (['cpus', 'cpu', 'bit', 'reserved', 'managed'] as const).map((name) => [name, name] as const),
);
const maskWords = (['mask', 'online'] as const).map((name) => ({ name, word: bytesOf(name) }));

interface Masks {
  mask: number[];
  online: number[];
}

/**
 * @param from where the fields begin: `(irq_matrix_alloc+0x4/0x140) reserved=1 mask=0xf online=0xf cpus=4`.
 * @param to the end of the line
 * @returns undefined for a line that is cut or garbled. Never throws; linear.
 */
export function readProbe(
  bytes: Uint8Array,
  from: number,
  to: number,
  call: ProbedCall,
  executing: number | undefined,
): MatrixProbe | undefined {
  const probe: MatrixProbe = { call, executing };
  const masks: Masks = { mask: [], online: [] };
  let at = from;
  while (at < to && bytes[at] !== parenthesis) at += 1;
  at += 1;
  for (;;) {
    while (at < to && isSpace(bytes[at]!)) at += 1;
    if (at >= to) return complete(probe, masks);
    let equals = at;
    while (equals < to && bytes[equals] !== equalsSign) equals += 1;
    let end = equals;
    while (end < to && !isSpace(bytes[end]!)) end += 1;
    if (equals === to || !setField(probe, masks, bytes, at, equals, end)) return undefined;
    at = end;
  }
}

/** @returns false for a field that is none of ours, or whose value cannot be read. */
function setField(
  probe: MatrixProbe,
  masks: Masks,
  bytes: Uint8Array,
  from: number,
  equals: number,
  to: number,
): boolean {
  const value = equals + 1;
  if (isAt(bytes, value, to, zeroX)) return setWord(masks, bytes, from, equals, to);
  const name = numbers.at(bytes, from, equals);
  if (!name || value === to || to - value > 10) return false;
  const number = decimal(bytes, value, to);
  if (number < 0) return false;
  if (name === 'reserved' || name === 'managed') probe[name] = number !== 0;
  else probe[name] = number;
  return true;
}

/** 64 CPUs of a mask: `mask=0xf`, `online1=0x3`. */
function setWord(masks: Masks, bytes: Uint8Array, from: number, equals: number, to: number): boolean {
  const field = maskWords.find(({ word }) => isAt(bytes, from, equals, word));
  if (!field) return false;
  const digits = equals + 3;
  const index = from + field.word.length === equals ? 0 : decimal(bytes, from + field.word.length, equals);
  if (index < 0 || index > 128 || digits >= to || to - digits > 16) return false;
  let low = 0;
  let high = 0;
  for (let at = digits; at < to; at += 1) {
    const digit = digitOf(bytes[at]!, true);
    if (digit < 0) return false;
    if (to - at > 8) high = high * 16 + digit;
    else low = low * 16 + digit;
  }
  masks[field.name][index * 2] = low;
  masks[field.name][index * 2 + 1] = high;
  return true;
}

/** −1: it is none. */
function decimal(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = digitOf(bytes[at]!, false);
    if (digit < 0) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function complete(probe: MatrixProbe, masks: Masks): MatrixProbe | undefined {
  for (const name of ['mask', 'online'] as const) {
    const words = masks[name];
    if (words.length === 0) continue;
    // A hole: the words in between were not recorded.
    if ((words as (number | undefined)[]).includes(undefined)) return undefined;
    probe[name] = words;
  }
  const isWhole =
    probe.call === 'free'
      ? probe.cpu !== undefined && probe.bit !== undefined && probe.managed !== undefined
      : probe.mask !== undefined || probe.call === 'offline';
  return isWhole ? probe : undefined;
}
