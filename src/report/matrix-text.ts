/**
 * The vector matrix as `crash> p *vector_matrix` prints it, so that it can be held against a customer's, and the
 * account of every CPU that crash takes a script for.
 */
import type { CpuMapSnapshot, MatrixSnapshot, VectorSlot } from '../evidence/matrix-snapshot.ts';
import { plainLine } from './plain.ts';
import { numberTable, table } from './table.ts';

export function matrixText(snapshot: MatrixSnapshot): string {
  const lines = [
    'p *vector_matrix',
    ...structLines(snapshot),
    '',
    ...cpuLines(snapshot),
    ...snapshot.cpus.flatMap(slotLines),
  ];
  return `${lines.join('\n')}\n`;
}

/** `struct irq_matrix`, its members in the kernel's order and words. */
function structLines(snapshot: MatrixSnapshot): string[] {
  const { memory } = snapshot;
  const scratch = memory && `scratch_map = ${valueText(memory.scratchMap)}`;
  const system = `system_map = ${valueText(memory?.systemMap ?? mapWords(snapshot))}`;
  const members = [
    `matrix_bits = ${snapshot.matrixBits}`,
    `alloc_start = ${snapshot.allocStart}`,
    `alloc_end = ${snapshot.allocEnd}`,
    `alloc_size = ${snapshot.allocSize}`,
    `global_available = ${snapshot.globalAvailable}`,
    `global_reserved = ${snapshot.globalReserved}`,
    `systembits_inalloc = ${snapshot.systembitsInAlloc}`,
    `total_allocated = ${snapshot.totalAllocated}`,
    `online_maps = ${snapshot.onlineMaps}`,
    ...(memory ? [`maps = ${memory.maps}`] : []),
    // Linux 6.12 has the pointer first, and a flexible array has to be last.
    ...(typeof memory?.systemMap === 'string' ? [system, scratch!] : scratch ? [scratch, system] : [system]),
  ];
  return ['$1 = {', ...members.map((text, i) => `  ${text}${i < members.length - 1 ? ',' : ''}`), '}'];
}

/** Words in decimal, an address as it is: as gdb prints `unsigned long[]` and a pointer. */
function valueText(value: readonly string[] | string): string {
  return typeof value === 'string' ? value : `{${value.map((word) => BigInt(word)).join(', ')}}`;
}

function mapWords({ matrixBits, systemMap }: MatrixSnapshot): string[] {
  const words = Array.from({ length: Math.ceil(matrixBits / 64) }, () => 0n);
  for (const bit of systemMap) words[Math.floor(bit / 64)]! |= 1n << BigInt(bit % 64);
  return words.map((word) => `0x${word.toString(16)}`);
}

function cpuLines({ cpus, systemMap, allocStart, allocEnd }: MatrixSnapshot): string[] {
  const rows = cpus.map((cpu) => [
    `${cpu.cpu}`,
    cpu.online ? 'online' : cpu.initialized ? 'offline' : 'never online',
    ...[cpu.available, cpu.allocated, cpu.managed, cpu.managedAllocated].map(String),
    bitRanges(cpu.allocMap),
    bitRanges(cpu.managedMap),
  ]);
  const head = [
    'CPU',
    'state',
    'available',
    'allocated',
    'managed',
    'of them used',
    'alloc_map',
    'managed_map',
  ];
  const inAlloc = systemMap.filter((bit) => bit >= allocStart && bit < allocEnd);
  return [
    ...numberTable([head, ...rows]),
    '',
    `system vectors within ${allocStart}..${allocEnd - 1}: ${bitRanges(inAlloc)}`,
  ];
}

/** `33-36,48`, or `-` for none. */
export function bitRanges(bits: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const bit of bits) {
    const last = ranges.at(-1);
    if (last && bit === last[1] + 1) last[1] = bit;
    else ranges.push([bit, bit]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',') || '-';
}

function slotLines({ cpu, slots }: CpuMapSnapshot): string[] {
  if (!slots || slots.length === 0) return [];
  const rows = slots.map((slot) => [
    `${slot.vector}`,
    `0x${slot.vector.toString(16).padStart(2, '0')}`,
    slotText(slot),
  ]);
  return ['', `vector_irq of CPU ${cpu}`, ...table(rows).map((line) => `  ${line}`)];
}

function slotText(slot: VectorSlot): string {
  if (slot.holds !== 'irq') return `VECTOR_${slot.holds.toUpperCase()}`;
  // Names of actions come from drivers, and from whoever wrote the snapshot.
  const names = slot.actions.map(plainLine).join(', ');
  return `irq ${slot.irq}${names === '' ? '' : `  ${names}`}`;
}
