/** Where everything about interrupt vectors is in one kernel's memory: found before its machine is stopped. */
import type { CpuMapSnapshot, MatrixSnapshot } from '../evidence/matrix-snapshot.ts';
import type { Btf, TypeId } from './btf/btf.ts';
import { arrayOf, type Field, fieldOf, sizeOf } from './btf/layout.ts';
import type { Symbols } from './kallsyms.ts';
import { unreadable } from './unreadable.ts';

/** Symbols that are needed. */
const vectorSymbols = [
  'linux_banner',
  'vector_matrix',
  'vector_lock',
  'vector_irq',
  '__per_cpu_offset',
  '__cpu_possible_mask',
] as const;
/** Symbols that only make it faster: a kernel may be built without them. */
const mapSymbols = ['page_offset_base', 'vmalloc_base'] as const;
export const usefulSymbols: readonly string[] = [...vectorSymbols, ...mapSymbols];

type SymbolAddresses = Record<(typeof vectorSymbols)[number], bigint> &
  Partial<Record<(typeof mapSymbols)[number], bigint>>;

export type MatrixTotals = Omit<MatrixSnapshot, 'systemMap' | 'cpus' | 'memory'>;
export type CpuMapNumbers = Omit<
  CpuMapSnapshot,
  'cpu' | 'initialized' | 'online' | 'allocMap' | 'managedMap' | 'slots'
>;

/** A map is an array in its struct, a flexible one behind it, or elsewhere with a pointer to it. */
export interface BitmapPlace {
  kind: 'array' | 'flexible' | 'pointer';
  /** Of the array or the pointer. */
  offset: number;
  /** Of the array in the struct, in bytes. */
  size: number;
}

export interface VectorLayout {
  symbols: SymbolAddresses;
  /** Bytes of a `struct cpumask`. */
  maskSize: number;
  /** `struct irq_matrix` */
  matrix: {
    size: number;
    totals: Record<keyof MatrixTotals, Field>;
    maps: Field;
    systemMap: BitmapPlace;
    scratchMap: BitmapPlace;
  };
  /** `struct cpumap`. `managed_allocated` is there since Linux 4.20. */
  cpumap: {
    size: number;
    numbers: Record<Exclude<keyof CpuMapNumbers, 'managedAllocated'>, Field>;
    managedAllocated: Field | undefined;
    initialized: Field;
    online: Field;
    allocMap: BitmapPlace;
    managedMap: BitmapPlace;
  };
  /** `struct irq_desc`; `length` bytes hold all of these. */
  descriptor: { length: number; irq: Field; action: Field };
  /** `struct irqaction` */
  action: { length: number; name: Field; next: Field };
}

/** @throws {LabBrokeError} `KERNEL_UNREADABLE` for types or symbols that are missing. */
export function vectorLayout(btf: Btf, symbols: Symbols): VectorLayout {
  for (const name of vectorSymbols)
    if (!symbols.get(name)) throw unreadable(`kallsyms has no ${name}, or hides its address`);
  const struct = (name: string): TypeId => {
    const id = btf.find('struct', name);
    if (id === undefined) throw unreadable(`BTF has no struct ${name}`);
    return id;
  };
  const need = (id: TypeId, path: string): Field => {
    const field = fieldOf(btf, id, path);
    if (!field) throw unreadable(`BTF's struct ${btf.type(id).name} has no ${path}`);
    return field;
  };
  const bitmap = (id: TypeId, name: string): BitmapPlace => {
    const { type, offset, size } = need(id, name);
    if (btf.type(type).kind === 'ptr') return { kind: 'pointer', offset, size };
    return { kind: arrayOf(btf, type).count === 0 ? 'flexible' : 'array', offset, size };
  };
  const length = (...fields: Field[]) => Math.max(...fields.map(({ offset, size }) => offset + size));

  const matrix = struct('irq_matrix');
  const cpumap = struct('cpumap');
  const descriptor = struct('irq_desc');
  const [irq, action] = [need(descriptor, 'irq_data.irq'), need(descriptor, 'action')];
  const irqaction = struct('irqaction');
  const [name, next] = [need(irqaction, 'name'), need(irqaction, 'next')];
  return {
    symbols: Object.fromEntries(
      usefulSymbols.filter((name) => symbols.has(name)).map((name) => [name, symbols.get(name)]),
    ) as SymbolAddresses,
    maskSize: sizeOf(btf, struct('cpumask')),
    matrix: {
      size: sizeOf(btf, matrix),
      totals: {
        matrixBits: need(matrix, 'matrix_bits'),
        allocStart: need(matrix, 'alloc_start'),
        allocEnd: need(matrix, 'alloc_end'),
        allocSize: need(matrix, 'alloc_size'),
        globalAvailable: need(matrix, 'global_available'),
        globalReserved: need(matrix, 'global_reserved'),
        systembitsInAlloc: need(matrix, 'systembits_inalloc'),
        totalAllocated: need(matrix, 'total_allocated'),
        onlineMaps: need(matrix, 'online_maps'),
      },
      maps: need(matrix, 'maps'),
      systemMap: bitmap(matrix, 'system_map'),
      scratchMap: bitmap(matrix, 'scratch_map'),
    },
    cpumap: {
      size: sizeOf(btf, cpumap),
      numbers: {
        available: need(cpumap, 'available'),
        allocated: need(cpumap, 'allocated'),
        managed: need(cpumap, 'managed'),
      },
      managedAllocated: fieldOf(btf, cpumap, 'managed_allocated'),
      initialized: need(cpumap, 'initialized'),
      online: need(cpumap, 'online'),
      allocMap: bitmap(cpumap, 'alloc_map'),
      managedMap: bitmap(cpumap, 'managed_map'),
    },
    descriptor: { length: length(irq, action), irq, action },
    action: { length: length(name, next), name, next },
  };
}
