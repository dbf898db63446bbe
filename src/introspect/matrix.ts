/**
 * `vector_matrix` and the `vector_irq[]` of a stopped machine (kernel/irq/matrix.c; arch/x86/kernel/apic/vector.c),
 * in as few questions as possible: the machine stands still meanwhile.
 */
import type { CpuMapSnapshot, MatrixSnapshot } from '../evidence/matrix-snapshot.ts';
import type { StoppedCpus } from '../machine/gdb/stopped-cpus.ts';
import { asPrinted, bitsOf, hex, readBitmaps, type Struct } from './bitmaps.ts';
import { type Field, fieldValue } from './btf/layout.ts';
import { banner, findKernel, isBanner, KernelMemory, type KernelPlace } from './kernel-memory.ts';
import type { MatrixTotals, VectorLayout } from './layout.ts';
import { u64 } from './page-tables.ts';
import { unreadable } from './unreadable.ts';
import { slotsOf, tableSize } from './vector-irq.ts';

/** What never changes while a kernel runs. */
interface Found {
  place: KernelPlace;
  /** `vector_matrix`, the pointer. */
  matrix: bigint;
  /** `vector_matrix->maps`, a per-CPU pointer. */
  maps: bigint;
  /** 64-bit words of a bit map. */
  words: number;
  /** Of each possible CPU: where its `struct cpumap` and its `vector_irq[]` are. */
  cpus: { cpu: number; map: bigint; table: bigint }[];
}

export class MatrixReader {
  readonly #layout: VectorLayout;
  #found: Found | undefined;

  constructor(layout: VectorLayout) {
    this.#layout = layout;
  }

  /**
   * One consistent snapshot.
   * @returns undefined if a CPU was stopped while it held `vector_lock`: let it go on and try again.
   * @throws {LabBrokeError} `KERNEL_UNREADABLE`
   */
  async read(cpus: StoppedCpus): Promise<MatrixSnapshot | undefined> {
    this.#found ??= await find(cpus, this.#layout);
    const found = this.#found;
    const { symbols, matrix, cpumap } = this.#layout;
    const memory = new KernelMemory(cpus, found.place);
    const [text, pointer, lock, bytes, ...rest] = (await memory.read([
      { address: symbols.linux_banner, length: banner.length },
      { address: symbols.vector_matrix, length: 8 },
      // A raw spinlock begins with the word of its qspinlock, 0 when nobody has it.
      { address: symbols.vector_lock, length: 4 },
      { address: found.matrix, length: matrix.size },
      ...found.cpus.map(({ map }) => ({ address: map, length: cpumap.size })),
      ...found.cpus.map(({ table }) => ({ address: table, length: tableSize })),
    ])) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]];
    if (!isBanner(text) || u64(pointer) !== found.matrix) {
      this.#found = undefined;
      throw unreadable('the machine was booted again since it was read first');
    }
    if (lock.some((byte) => byte !== 0)) return undefined;
    const maps = found.cpus.map(({ map }, i): Struct => ({ address: map, bytes: rest[i]! }));
    return await snapshotOf(
      memory,
      this.#layout,
      found,
      { address: found.matrix, bytes },
      maps,
      rest.slice(maps.length),
    );
  }
}

async function find(cpus: StoppedCpus, layout: VectorLayout): Promise<Found> {
  const { symbols } = layout;
  const place = await findKernel(cpus, symbols);
  const memory = new KernelMemory(cpus, place);
  const [pointer, mask] = (await memory.read([
    { address: symbols.vector_matrix, length: 8 },
    { address: symbols.__cpu_possible_mask, length: layout.maskSize },
  ])) as [Uint8Array, Uint8Array];
  const possible = bitsOf(mask);
  const [bytes, offsets] = (await memory.read([
    { address: u64(pointer), length: layout.matrix.size },
    { address: symbols.__per_cpu_offset, length: 8 * ((possible.at(-1) ?? 0) + 1) },
  ])) as [Uint8Array, Uint8Array];
  const totals = numbers(bytes, layout.matrix.totals);
  checkTotals(totals, possible.length);
  const maps = fieldValue(bytes, 0, layout.matrix.maps);
  return {
    place,
    matrix: u64(pointer),
    maps,
    words: Math.ceil(totals.matrixBits / 64),
    cpus: possible.map((cpu) => {
      // per_cpu_ptr(): modulo 2^64.
      const at = (address: bigint) => BigInt.asUintN(64, address + u64(offsets, 8 * cpu));
      return { cpu, map: at(maps), table: at(symbols.vector_irq) };
    }),
  };
}

/** What x86 always has (vector.c, arch_early_irq_init()): anything else is some other memory. */
function checkTotals(totals: MatrixTotals, possible: number): void {
  const { matrixBits, allocStart, allocEnd, allocSize, systembitsInAlloc, onlineMaps } = totals;
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw unreadable(`what should be vector_matrix has ${what}`);
  };
  expect(matrixBits === 256, `matrix_bits = ${matrixBits}, not 256`);
  expect(allocStart === 32, `alloc_start = ${allocStart}, not 32`);
  expect(allocEnd > allocStart && allocEnd <= 256, `alloc_end = ${allocEnd}, not 33 to 256`);
  expect(allocSize === allocEnd - allocStart, `alloc_size = ${allocSize}, not alloc_end - alloc_start`);
  expect(systembitsInAlloc < allocSize, `systembits_inalloc = ${systembitsInAlloc} of ${allocSize}`);
  expect(
    onlineMaps >= 1 && onlineMaps <= possible,
    `online_maps = ${onlineMaps}, with ${possible} possible CPUs`,
  );
}

async function snapshotOf(
  memory: KernelMemory,
  layout: VectorLayout,
  { maps, words, cpus }: Found,
  matrix: Struct,
  cpuMaps: readonly Struct[],
  tables: readonly Uint8Array[],
): Promise<MatrixSnapshot> {
  const totals = numbers(matrix.bytes, layout.matrix.totals);
  checkTotals(totals, cpus.length);
  const [systemMap, alloc, managed, slots] = await Promise.all([
    readBitmaps(memory, [matrix], layout.matrix.systemMap, words),
    readBitmaps(memory, cpuMaps, layout.cpumap.allocMap, words),
    readBitmaps(memory, cpuMaps, layout.cpumap.managedMap, words),
    slotsOf(memory, layout, tables),
  ]);
  return {
    ...totals,
    systemMap: bitsOf(systemMap[0]!),
    cpus: cpus.map(({ cpu }, i) => ({
      ...cpuMapOf(layout, cpu, cpuMaps[i]!.bytes, bitsOf(alloc[i]!), bitsOf(managed[i]!)),
      slots: slots[i]!,
    })),
    memory: {
      maps: hex(maps),
      scratchMap: asPrinted(matrix, layout.matrix.scratchMap),
      systemMap: asPrinted(matrix, layout.matrix.systemMap),
    },
  };
}

function cpuMapOf(
  { cpumap }: VectorLayout,
  cpu: number,
  bytes: Uint8Array,
  allocMap: number[],
  managedMap: number[],
): CpuMapSnapshot {
  const value = (field: Field) => Number(fieldValue(bytes, 0, field));
  return {
    cpu,
    ...numbers(bytes, cpumap.numbers),
    managedAllocated: cpumap.managedAllocated
      ? value(cpumap.managedAllocated)
      : allocMap.filter((bit) => managedMap.includes(bit)).length,
    initialized: value(cpumap.initialized) !== 0,
    online: value(cpumap.online) !== 0,
    allocMap,
    managedMap,
  };
}

function numbers<Name extends string>(bytes: Uint8Array, fields: Record<Name, Field>): Record<Name, number> {
  const entries = Object.entries<Field>(fields).map(([name, field]) => [
    name,
    Number(fieldValue(bytes, 0, field)),
  ]);
  return Object.fromEntries(entries);
}
