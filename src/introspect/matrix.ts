/** `vector_matrix` of a stopped machine (kernel/irq/matrix.c; arch/x86/kernel/apic/vector.c). */
import type { CpuMapSnapshot, MatrixSnapshot } from '../evidence/matrix-snapshot.ts';
import type { StoppedCpus } from '../machine/gdb/stub.ts';
import { type AddressSpace, UnmappedError, u64 } from './address-space.ts';
import { asPrinted, bitsOf, hex, readBitmaps, type Struct } from './bitmaps.ts';
import { type Field, fieldValue } from './btf/layout.ts';
import { kernelSpace, unreadable } from './kernel.ts';
import type { MatrixTotals, VectorLayout } from './layout.ts';
import { readSlots } from './vector-irq.ts';

/** Where each CPU's copy of the per-CPU variables is, relative to their addresses (per_cpu_ptr()). */
export type PerCpuBases = ReadonlyMap<number, bigint>;

/**
 * One consistent snapshot.
 * @returns undefined if a CPU was stopped while it held `vector_lock`: let it go on and try again.
 * @throws {LabBrokeError} `KERNEL_UNREADABLE`
 */
export async function readMatrix(
  cpus: StoppedCpus,
  layout: VectorLayout,
): Promise<MatrixSnapshot | undefined> {
  try {
    const space = await kernelSpace(cpus, layout.symbols.linux_banner);
    return await readFrom(space, layout);
  } catch (error) {
    if (error instanceof UnmappedError) throw unreadable(error.message, error);
    throw error;
  }
}

async function readFrom(space: AddressSpace, layout: VectorLayout): Promise<MatrixSnapshot | undefined> {
  const { symbols } = layout;
  const [pointer, lock, mask] = (await space.read([
    { address: symbols.vector_matrix, length: 8 },
    // A raw spinlock begins with the word of its qspinlock, 0 when nobody has it.
    { address: symbols.vector_lock, length: 4 },
    { address: symbols.__cpu_possible_mask, length: layout.maskSize },
  ])) as [Uint8Array, Uint8Array, Uint8Array];
  if (lock.some((byte) => byte !== 0)) return undefined;
  const possible = bitsOf(mask);
  const address = u64(pointer);
  const [bytes, offsets] = (await space.read([
    { address, length: layout.matrix.size },
    { address: symbols.__per_cpu_offset, length: 8 * ((possible.at(-1) ?? 0) + 1) },
  ])) as [Uint8Array, Uint8Array];
  const totals = numbers(bytes, layout.matrix.totals);
  checkTotals(totals, possible.length);

  const words = Math.ceil(totals.matrixBits / 64);
  const matrix: Struct = { address, bytes };
  const maps = fieldValue(bytes, 0, layout.matrix.maps);
  const bases: PerCpuBases = new Map(possible.map((cpu) => [cpu, u64(offsets, 8 * cpu)]));
  const [systemMap] = await readBitmaps(space, [matrix], layout.matrix.systemMap, words);
  const cpus = await readCpuMaps(space, layout, maps, bases, words);
  // A CPU that never was online has no vectors.
  const used = cpus.filter(({ initialized }) => initialized).map(({ cpu }) => cpu);
  const slots = await readSlots(space, layout, new Map(used.map((cpu) => [cpu, bases.get(cpu)!])));
  return {
    ...totals,
    systemMap: bitsOf(systemMap!),
    cpus: cpus.map((cpu) => ({ ...cpu, ...(slots.has(cpu.cpu) ? { slots: slots.get(cpu.cpu)! } : {}) })),
    memory: {
      maps: hex(maps),
      scratchMap: asPrinted(matrix, layout.matrix.scratchMap),
      systemMap: asPrinted(matrix, layout.matrix.systemMap),
    },
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

async function readCpuMaps(
  space: AddressSpace,
  { cpumap }: VectorLayout,
  maps: bigint,
  bases: PerCpuBases,
  words: number,
): Promise<CpuMapSnapshot[]> {
  const ranges = [...bases.values()].map((base) => ({
    address: BigInt.asUintN(64, maps + base),
    length: cpumap.size,
  }));
  const read = await space.read(ranges);
  const structs = read.map((bytes, i): Struct => ({ address: ranges[i]!.address, bytes }));
  const alloc = await readBitmaps(space, structs, cpumap.allocMap, words);
  const managed = await readBitmaps(space, structs, cpumap.managedMap, words);
  return [...bases.keys()].map((cpu, i) => {
    const { bytes } = structs[i]!;
    const value = (field: Field) => Number(fieldValue(bytes, 0, field));
    const allocMap = bitsOf(alloc[i]!);
    const managedMap = bitsOf(managed[i]!);
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
  });
}

function numbers<Name extends string>(bytes: Uint8Array, fields: Record<Name, Field>): Record<Name, number> {
  const entries = Object.entries<Field>(fields).map(([name, field]) => [
    name,
    Number(fieldValue(bytes, 0, field)),
  ]);
  return Object.fromEntries(entries);
}
