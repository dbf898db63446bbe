/** A kernel's memory made from a snapshot: what a reader has to find there again. */
import type { CpuMapSnapshot, MatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';
import type { Field } from '../../src/introspect/btf/layout.ts';
import type { BitmapPlace, VectorLayout } from '../../src/introspect/layout.ts';
import type { StoppedCpus } from '../../src/machine/gdb/stopped-cpus.ts';

/** Physical memory; zeros where nothing was written. */
export class Memory {
  readonly bytes = new Map<number, number>();
  reads = 0;

  write(address: number, bytes: Uint8Array): void {
    for (const [i, byte] of bytes.entries()) this.bytes.set(address + i, byte);
  }

  number(address: number, value: bigint | number, size = 8): void {
    for (let i = 0; i < size; i += 1)
      this.bytes.set(address + i, Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
  }

  /** An entry of the page table at `table` for this virtual address. */
  entry(table: number, address: bigint, shift: number, value: bigint): void {
    this.number(table + 8 * Number((address >> BigInt(shift)) & 0x1ffn), value);
  }

  text(address: number, text: string): void {
    this.write(address, Buffer.from(text));
  }

  readPhysical: StoppedCpus['readPhysical'] = async (ranges) => {
    this.reads += 1;
    return ranges.map(({ address, length }) =>
      Uint8Array.from({ length }, (_, i) => this.bytes.get(address + i) ?? 0),
    );
  };
}

const field = (offset: number, size: number): Field => ({ type: 1, offset, size });
const totals: VectorLayout['matrix']['totals'] = {
  matrixBits: field(0, 4),
  allocStart: field(4, 4),
  allocEnd: field(8, 4),
  allocSize: field(12, 4),
  globalAvailable: field(16, 4),
  globalReserved: field(20, 4),
  systembitsInAlloc: field(24, 4),
  totalAllocated: field(28, 4),
  onlineMaps: field(32, 4),
};
const array = (offset: number): BitmapPlace => ({ kind: 'array', offset, size: 32 });

/** As 6.1 and 6.12 have them. */
const layouts: Record<'6.1' | '6.12', Pick<VectorLayout, 'matrix' | 'cpumap'>> = {
  '6.1': {
    matrix: { size: 112, totals, maps: field(40, 8), scratchMap: array(48), systemMap: array(80) },
    cpumap: cpumap(88, array(24), array(56)),
  },
  '6.12': {
    matrix: {
      size: 56,
      totals,
      maps: field(40, 8),
      systemMap: { kind: 'pointer', offset: 48, size: 8 },
      scratchMap: { kind: 'flexible', offset: 56, size: 0 },
    },
    cpumap: cpumap(32, { kind: 'flexible', offset: 32, size: 0 }, { kind: 'pointer', offset: 24, size: 8 }),
  },
};

function cpumap(size: number, allocMap: BitmapPlace, managedMap: BitmapPlace): VectorLayout['cpumap'] {
  return {
    size,
    numbers: { available: field(0, 4), allocated: field(4, 4), managed: field(8, 4) },
    managedAllocated: field(12, 4),
    initialized: field(16, 1),
    online: field(17, 1),
    allocMap,
    managedMap,
  };
}

const image = 0xffff_ffff_8000_0000n;
/** The image's physical address differs from its usual one, as KASLR has it. */
const imageAt = 0x1_0000_0000;
const direct = 0xffff_8a00_0000_0000n;
const modules = 0xffff_ffff_c000_0000n;
const symbols = {
  linux_banner: image + 0x20_0040n,
  vector_matrix: image + 0x21_0000n,
  vector_lock: image + 0x21_0008n,
  __per_cpu_offset: image + 0x22_0000n,
  __cpu_possible_mask: image + 0x23_0000n,
  page_offset_base: image + 0x24_0000n,
  vmalloc_base: image + 0x24_0008n,
  vector_irq: 0x2_0000n,
};
const maps = 0x3_b9b0n;

export interface MadeMachine {
  memory: Memory;
  layout: VectorLayout;
  cpus: StoppedCpus;
  /** Physical address of a symbol of the image. */
  at: (name: keyof typeof symbols) => number;
}

export function madeMachine(snapshot: MatrixSnapshot, like: '6.1' | '6.12'): MadeMachine {
  const memory = new Memory();
  const layout: VectorLayout = {
    ...structuredClone(layouts[like]),
    symbols: { ...symbols },
    maskSize: 1024,
    descriptor: { length: 120, irq: field(44, 4), action: field(112, 8) },
    action: { length: 88, name: field(80, 8), next: field(24, 8) },
  };
  const at = (name: keyof typeof symbols) => imageAt + Number(symbols[name] - image);
  // Tables: the image by pages of 2 MiB, one small page of a module.
  const root = 0x1000;
  memory.entry(root, image, 39, 0x2003n);
  memory.entry(0x2000, image, 30, 0x3003n);
  for (const page of [0n, 0x20_0000n]) memory.entry(0x3000, image + page, 21, BigInt(imageAt) + page + 0x83n);
  memory.entry(0x2000, modules, 30, 0x4003n);
  memory.entry(0x4000, modules, 21, 0x5003n);
  memory.entry(0x5000, modules, 12, 0x7_0003n);

  memory.text(at('linux_banner'), 'Linux version 6');
  memory.number(at('page_offset_base'), direct);
  memory.number(at('vmalloc_base'), direct + 0x4000_0000_0000n);
  const matrix = 0x20_0000;
  memory.number(at('vector_matrix'), direct + BigInt(matrix));
  writeStruct(memory, matrix, snapshot, layout.matrix.totals);
  memory.number(matrix + layout.matrix.maps.offset, maps);
  writeBitmap(memory, matrix, layout.matrix.systemMap, snapshot.systemMap, 0x21_0000);
  let next = 0x400_0000;
  for (const cpu of snapshot.cpus) {
    memory.number(at('__cpu_possible_mask') + Math.floor(cpu.cpu / 8), possibleByte(snapshot, cpu.cpu), 1);
    const base = 0x1000_0000 + 0x10_0000 * cpu.cpu;
    memory.number(at('__per_cpu_offset') + 8 * cpu.cpu, direct + BigInt(base));
    next = writeCpu(memory, layout, cpu, base, next);
  }
  return {
    memory,
    layout,
    at,
    cpus: {
      readPhysical: memory.readPhysical,
      async *threads() {
        yield 'p01.01';
      },
      registers: async () => new Map([['cr3', BigInt(root)]]),
    },
  };
}

function possibleByte({ cpus }: MatrixSnapshot, number: number): number {
  const first = number - (number % 8);
  return cpus.reduce((byte, { cpu }) => byte | (cpu >= first && cpu < first + 8 ? 1 << (cpu - first) : 0), 0);
}

function writeStruct(memory: Memory, address: number, from: object, fields: Record<string, Field>): void {
  for (const [name, { offset, size }] of Object.entries(fields))
    memory.number(address + offset, Number((from as Record<string, number | boolean>)[name]), size);
}

function writeBitmap(
  memory: Memory,
  struct: number,
  { kind, offset }: BitmapPlace,
  bits: readonly number[],
  elsewhere: number,
): void {
  const at = kind === 'pointer' ? elsewhere : struct + offset;
  if (kind === 'pointer') memory.number(struct + offset, direct + BigInt(elsewhere));
  const words = [0n, 0n, 0n, 0n];
  for (const bit of bits) words[Math.floor(bit / 64)]! |= 1n << BigInt(bit % 64);
  for (const [i, word] of words.entries()) memory.number(at + 8 * i, word);
}

/** @returns where the next free memory is. */
function writeCpu(
  memory: Memory,
  { cpumap, descriptor, action, symbols: { vector_irq } }: VectorLayout,
  cpu: CpuMapSnapshot,
  base: number,
  free: number,
): number {
  const map = base + Number(maps);
  const { numbers, managedAllocated, initialized, online } = cpumap;
  writeStruct(memory, map, cpu, { ...numbers, managedAllocated: managedAllocated!, initialized, online });
  writeBitmap(memory, map, cpumap.allocMap, cpu.allocMap, free);
  writeBitmap(memory, map, cpumap.managedMap, cpu.managedMap, free + 64);
  let next = free + 128;
  for (const slot of cpu.slots ?? []) {
    const entry = base + Number(vector_irq) + 8 * slot.vector;
    if (slot.holds !== 'irq') {
      memory.number(entry, slot.holds === 'shutdown' ? -1n : -2n);
      continue;
    }
    memory.number(entry, direct + BigInt(next));
    memory.number(next + descriptor.irq.offset, slot.irq, 4);
    let pointer = next + descriptor.action.offset;
    next += 256;
    for (const name of slot.actions) {
      memory.number(pointer, direct + BigInt(next));
      // Names that begin with `module` are in the module's page, at its very end.
      const inModule = name.startsWith('module');
      const text = inModule ? 0x7_0000 + 4096 - name.length - 1 : next + 128;
      memory.text(text, `${name}\0`);
      const address = inModule ? modules + BigInt(text - 0x7_0000) : direct + BigInt(text);
      memory.number(next + action.name.offset, address);
      pointer = next + action.next.offset;
      next += 512;
    }
  }
  return next;
}
