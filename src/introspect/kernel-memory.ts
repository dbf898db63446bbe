/**
 * The kernel's address space in physical memory: so nothing depends on which process a CPU runs, nor on page
 * tables that lack the kernel while a CPU is in user space (page table isolation).
 */
import type { MemoryRange, StoppedCpus } from '../machine/gdb/stopped-cpus.ts';
import { frame, PageTables, type PhysicalMemory, pageSize, u64 } from './page-tables.ts';
import { unreadable } from './unreadable.ts';

/** Where a kernel is. It stays there until it is booted again. */
export interface KernelPlace {
  /** Its page tables, by physical address. */
  root: number;
  levels: 4 | 5;
  /** Virtual minus physical address within the kernel's image. */
  image: bigint;
  /** The map of all physical memory, first address and first beyond. Absent where the kernel has no symbols for it. */
  directMap?: { start: bigint; end: bigint };
}

/** Documentation/arch/x86/x86_64/mm.rst: the image's mapping, and the modules' behind it. */
const imageStart = 0xffff_ffff_8000_0000n;
const imageEnd = 0xffff_ffff_c000_0000n;

export interface VirtualRange {
  address: bigint;
  length: number;
}

/** Reads the memory of a stopped machine by the kernel's addresses. Good for one stop. */
export class KernelMemory {
  readonly #memory: PhysicalMemory;
  readonly #place: KernelPlace;
  readonly #tables: PageTables;

  constructor(memory: PhysicalMemory, place: KernelPlace) {
    this.#memory = memory;
    this.#place = place;
    this.#tables = new PageTables(memory, place.root, place.levels);
  }

  /** In the order asked. @throws {LabBrokeError} `KERNEL_UNREADABLE` where nothing is mapped. */
  async read(ranges: readonly VirtualRange[]): Promise<Uint8Array[]> {
    const parts = ranges.map(pagewise);
    const pages = parts.flat().map(({ address }) => pageOf(address));
    const walked = await this.#tables.translate(pages.filter((page) => this.#linear(page) === undefined));
    const physical: MemoryRange[] = parts.flat().map(({ address, length }) => {
      const page = pageOf(address);
      const at = this.#linear(page) ?? walked.get(page);
      if (at === undefined) throw unreadable(`nothing is mapped at 0x${address.toString(16)}`);
      return { address: at + Number(address - page), length };
    });
    const bytes = (await this.#memory.readPhysical(physical)).values();
    return parts.map((own) => joined(own.map(() => bytes.next().value!)));
  }

  /** Most of what the kernel has is in two mappings that shift all addresses alike. */
  #linear(page: bigint): number | undefined {
    const { image, directMap } = this.#place;
    if (page >= imageStart && page < imageEnd) return Number(page - image);
    if (directMap && page >= directMap.start && page < directMap.end) return Number(page - directMap.start);
    return undefined;
  }
}

export const banner = 'Linux version ';
const la57 = 1n << 12n;
/** PTI_USER_PGTABLE_BIT (arch/x86/include/asm/pgtable.h): set in CR3 while a CPU's page tables lack the kernel. */
const userTables = 0x1000n;

/**
 * Finds the kernel by the page tables of the first CPU that has it in them: proved by its banner being where the
 * symbols put it.
 * @throws {LabBrokeError} `KERNEL_UNREADABLE`
 */
export async function findKernel(
  cpus: StoppedCpus,
  symbols: { linux_banner: bigint; page_offset_base?: bigint; vmalloc_base?: bigint },
): Promise<KernelPlace> {
  const { linux_banner: at, page_offset_base, vmalloc_base } = symbols;
  for await (const thread of cpus.threads()) {
    const registers = await cpus.registers(thread);
    const cr3 = registers.get('cr3');
    if (cr3 === undefined) throw unreadable('the gdb stub tells no cr3: not an x86 machine');
    const levels = (registers.get('cr4') ?? 0n) & la57 ? 5 : 4;
    for (const root of new Set([cr3 & frame, cr3 & frame & ~userTables])) {
      const tables = new PageTables(cpus, Number(root), levels);
      const page = (await tables.translate([pageOf(at)])).get(pageOf(at));
      if (page === undefined) continue;
      const place: KernelPlace = { root: Number(root), levels, image: pageOf(at) - BigInt(page) };
      const memory = new KernelMemory(cpus, place);
      if (!isBanner((await memory.read([{ address: at, length: banner.length }]))[0]!)) continue;
      if (page_offset_base === undefined || vmalloc_base === undefined) return place;
      const [start, end] = await memory.read(
        [page_offset_base, vmalloc_base].map((address) => ({ address, length: 8 })),
      );
      return { ...place, directMap: { start: u64(start!), end: u64(end!) } };
    }
  }
  throw unreadable(
    `no CPU has the kernel's banner at 0x${at.toString(16)}, where kallsyms puts linux_banner`,
  );
}

export function isBanner(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes) === banner;
}

function pageOf(address: bigint): bigint {
  return address - (address % pageSize);
}

/** The same bytes as ranges that do not cross a page. */
function pagewise({ address, length }: VirtualRange): VirtualRange[] {
  const parts: VirtualRange[] = [];
  for (let done = 0; done < length; ) {
    const at = address + BigInt(done);
    const size = Math.min(length - done, Number(pageSize - (at % pageSize)));
    parts.push({ address: at, length: size });
    done += size;
  }
  return parts;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
