/**
 * Probes that a recorder may set beside the tracepoints of the vector matrix. They tell what no tracepoint does: the
 * affinity mask that a CPU is chosen from, and what a dying CPU does, on which tracepoints are silent (probes are not).
 * Source: kernel/irq/matrix.c (the arguments, the same from 4.20 to 6.18), Documentation/trace/kprobetrace.rst.
 *
 *     [001] d..3.  4.5: matrix_probe_alloc: (irq_matrix_alloc+0x0/0x1b0) reserved=1 mask=0xf online=0xf cpus=4
 */

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

const calls: ReadonlySet<string> = new Set(probedCalls);

/**
 * @param call the name of the event without `matrix_probe_`.
 * @param from where its fields begin: `(irq_matrix_alloc+0x4/0x140) reserved=1 mask=0xf online=0xf cpus=4`.
 * @returns undefined for a line that is cut or garbled. Never throws; linear.
 */
export function readProbe(
  text: string,
  call: string,
  executing: number | undefined,
  from: number,
): MatrixProbe | undefined {
  if (!calls.has(call)) return undefined;
  const probe: MatrixProbe = { call: call as ProbedCall, executing };
  const masks: { mask: number[]; online: number[] } = { mask: [], online: [] };
  let at = text.indexOf(' ', from);
  while (at >= 0 && at < text.length) {
    while (isBlank(text.charCodeAt(at))) at += 1;
    if (at >= text.length) break;
    const equals = text.indexOf('=', at);
    if (equals < 0 || equals - at > 12) return undefined;
    let end = equals + 1;
    while (end < text.length && !isBlank(text.charCodeAt(end))) end += 1;
    if (!setField(probe, masks, text.slice(at, equals), text.slice(equals + 1, end))) return undefined;
    at = end;
  }
  return complete(probe, masks);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 13 || code === 9;
}

const numbers: ReadonlySet<string> = new Set(['cpus', 'cpu', 'bit', 'reserved', 'managed']);

/** @returns false for a field that is none of ours, or whose value cannot be read. */
function setField(
  probe: MatrixProbe,
  masks: { mask: number[]; online: number[] },
  field: string,
  value: string,
): boolean {
  if (value.startsWith('0x')) {
    const name = field.startsWith('mask') ? 'mask' : 'online';
    if (!field.startsWith(name) || value.length < 3 || value.length > 18) return false;
    const index = field.length === name.length ? 0 : Number(field.slice(name.length));
    const low = Number(`0x${value.slice(2).slice(-8)}`);
    const high = Number(`0x${value.slice(2, -8) || '0'}`);
    if (!Number.isInteger(index + low + high) || index < 0 || index > 128) return false;
    masks[name][index * 2] = low;
    masks[name][index * 2 + 1] = high;
    return true;
  }
  const number = value.length > 10 ? Number.NaN : Number(value);
  if (!numbers.has(field) || !Number.isInteger(number) || number < 0 || value === '') return false;
  setNumber(probe, field, number);
  return true;
}

function setNumber(probe: MatrixProbe, name: string, value: number): void {
  if (name === 'cpus' || name === 'cpu' || name === 'bit') probe[name] = value;
  if (name === 'reserved' || name === 'managed') probe[name] = value !== 0;
}

function complete(probe: MatrixProbe, masks: { mask: number[]; online: number[] }): MatrixProbe | undefined {
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
