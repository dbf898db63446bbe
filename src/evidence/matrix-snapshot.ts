/**
 * The vector matrix of a machine at one moment (`snapshots/<moment>.<machine>.matrix`), as its memory holds it:
 * `struct irq_matrix` and every possible CPU's `struct cpumap` (kernel/irq/matrix.c). Maps are lists of the bits
 * that are set, ascending.
 */

export interface MatrixSnapshot {
  matrixBits: number;
  /** First vector that is handed out, and the first behind the last. */
  allocStart: number;
  allocEnd: number;
  allocSize: number;
  globalAvailable: number;
  globalReserved: number;
  systembitsInAlloc: number;
  totalAllocated: number;
  onlineMaps: number;
  systemMap: number[];
  /** One a possible CPU, ascending; CPUs may be missing between them. */
  cpus: CpuMapSnapshot[];
  /** What a debugger would print besides. Absent where the snapshot was not read from memory. */
  memory?: MatrixMemory;
}

export interface CpuMapSnapshot {
  cpu: number;
  available: number;
  allocated: number;
  /** Bits of the managed map, running or not. */
  managed: number;
  managedAllocated: number;
  /** It was online once. */
  initialized: boolean;
  online: boolean;
  allocMap: number[];
  managedMap: number[];
  /** Its `vector_irq[]` but for unused slots, ascending. Absent where it was not read. */
  slots?: VectorSlot[];
}

/** What `vector_irq[vector]` holds (arch/x86/include/asm/hw_irq.h). */
export type VectorSlot =
  | { vector: number; holds: 'irq'; irq: number; actions: string[] }
  /** Freed, but the device may still send: the first such interrupt is taken in silence. */
  | { vector: number; holds: 'shutdown' }
  /** A spurious interrupt is expected: on a CPU that died, or where a message of MSI changed (apic/msi.c). */
  | { vector: number; holds: 'retriggered' };

/** 64-bit values as `0x…`: JSON's numbers are too small for them. */
export interface MatrixMemory {
  /** The per-CPU pointer `maps`. */
  maps: string;
  /** Words of the maps; or their addresses, where they are no arrays of a fixed size (Linux 6.12). */
  scratchMap: string[] | string;
  systemMap: string[] | string;
}

export type MatrixSnapshotResult = { ok: true; snapshot: MatrixSnapshot } | { ok: false; problem: string };

const totals = [
  'matrixBits',
  'allocStart',
  'allocEnd',
  'allocSize',
  'globalAvailable',
  'globalReserved',
  'systembitsInAlloc',
  'totalAllocated',
  'onlineMaps',
] as const satisfies (keyof MatrixSnapshot)[];
const counters = ['cpu', 'available', 'allocated', 'managed', 'managedAllocated'] as const;

/** Reads the file's text. Never throws; `problem` names the field that is wrong. */
export function parseMatrixSnapshot(text: string): MatrixSnapshotResult {
  try {
    return { ok: true, snapshot: checkSnapshot(JSON.parse(text)) };
  } catch (error) {
    return { ok: false, problem: (error as Error).message };
  }
}

function checkSnapshot(json: unknown): MatrixSnapshot {
  const matrix = object(json, 'the snapshot');
  for (const name of totals) count(matrix[name], name);
  bits(matrix.systemMap, 'systemMap');
  let last = -1;
  for (const [index, entry] of array(matrix.cpus, 'cpus').entries()) {
    const at = `cpus[${index}]`;
    const cpu = object(entry, at);
    for (const name of counters) count(cpu[name], `${at}.${name}`);
    for (const name of ['initialized', 'online']) {
      if (typeof cpu[name] !== 'boolean') throw new Error(`${at}.${name} is not true or false`);
    }
    bits(cpu.allocMap, `${at}.allocMap`);
    bits(cpu.managedMap, `${at}.managedMap`);
    if (cpu.slots !== undefined) checkSlots(cpu.slots, `${at}.slots`);
    if ((cpu.cpu as number) <= last) throw new Error(`${at}.cpu is not above the one before`);
    last = cpu.cpu as number;
  }
  if (matrix.memory !== undefined) checkMemory(object(matrix.memory, 'memory'));
  return json as MatrixSnapshot;
}

function checkSlots(value: unknown, name: string): void {
  const slots = array(value, name).map((entry, i) => object(entry, `${name}[${i}]`));
  bits(
    slots.map(({ vector }) => vector),
    `${name}.vector`,
  );
  for (const [i, { holds, irq, actions }] of slots.entries()) {
    if (holds === 'shutdown' || holds === 'retriggered') continue;
    if (holds !== 'irq') throw new Error(`${name}[${i}].holds is nothing known`);
    count(irq, `${name}[${i}].irq`);
    if (array(actions, `${name}[${i}].actions`).some((action) => typeof action !== 'string'))
      throw new Error(`${name}[${i}].actions are no names`);
  }
}

function checkMemory({ maps, scratchMap, systemMap }: Record<string, unknown>): void {
  hex(maps, 'memory.maps');
  words(scratchMap, 'memory.scratchMap');
  words(systemMap, 'memory.systemMap');
}

function words(value: unknown, name: string): void {
  if (typeof value === 'string') hex(value, name);
  else for (const word of array(value, name)) hex(word, name);
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${name} is not an object`);
}

function array(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${name} is not a list`);
}

function count(value: unknown, name: string): void {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffffffff)
    throw new Error(`${name} is not a whole number from 0`);
}

function bits(value: unknown, name: string): void {
  let last = -1;
  for (const bit of array(value, name)) {
    count(bit, name);
    if ((bit as number) <= last) throw new Error(`${name} does not ascend`);
    last = bit as number;
  }
}

function hex(value: unknown, name: string): void {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(value))
    throw new Error(`${name} is not like 0x2ff20`);
}
