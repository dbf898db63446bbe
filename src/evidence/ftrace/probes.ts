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
const mark = ': matrix_probe_';

/** Where the name of a probe's event begins, with the colon before it; negative: nowhere. */
export function probeAt(text: string): number {
  return text.indexOf(mark);
}

/**
 * @param begin what {@link probeAt} said.
 * @returns undefined for a line that is cut or garbled. Never throws; linear.
 */
export function readProbe(
  text: string,
  begin: number,
  executing: number | undefined,
): MatrixProbe | undefined {
  const end = text.indexOf(':', begin + 2);
  const call = text.slice(begin + mark.length, end) as ProbedCall;
  if (end < 0 || !calls.has(call)) return undefined;
  const probe: MatrixProbe = { call, executing };
  const masks: { mask: number[]; online: number[] } = { mask: [], online: [] };
  for (const word of text
    .slice(end + 1)
    .trim()
    .split(' ')
    .slice(1)) {
    const m = /^([a-z]{1,8})(\d{0,3})=(?:0x([0-9a-f]{1,16})|(\d{1,10}))$/.exec(word);
    if (!m) return undefined;
    const [, name, index, hex, decimal] = m;
    if (hex !== undefined) {
      if (name !== 'mask' && name !== 'online') return undefined;
      const at = Number(index) * 2;
      if (at > 256) return undefined;
      masks[name][at] = Number.parseInt(hex.slice(-8), 16);
      masks[name][at + 1] = Number.parseInt(hex.slice(0, -8) || '0', 16);
    } else setNumber(probe, name!, Number(decimal));
  }
  return complete(probe, masks);
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
