/**
 * Reads virtual addresses by walking the page tables in physical memory (Intel SDM volume 3, "Paging"): so it
 * does not depend on which process a CPU runs, nor on page tables without the kernel that a CPU has while it is in
 * user space (page table isolation).
 */
import type { MemoryRange, StoppedCpus } from '../machine/gdb/stub.ts';

export type PhysicalMemory = Pick<StoppedCpus, 'readPhysical'>;

export interface VirtualRange {
  address: bigint;
  length: number;
}

/** Nothing is mapped at an address that was to be read. */
export class UnmappedError extends Error {
  override readonly name = 'UnmappedError';
  readonly address: bigint;

  constructor(address: bigint) {
    super(`nothing is mapped at 0x${address.toString(16)}`);
    this.address = address;
  }
}

const pageSize = 4096;
const present = 1n;
const large = 1n << 7n;
const frame = 0x000f_ffff_ffff_f000n;

/** One set of page tables, read while nothing can change them: make a new one whenever the machine has run. */
export class AddressSpace {
  readonly #memory: PhysicalMemory;
  readonly #root: number;
  readonly #shifts: readonly number[];
  readonly #entries = new Map<number, bigint>();

  /** @param root physical address of the top table; a fifth level is CR4.LA57. */
  constructor(memory: PhysicalMemory, root: number, levels: 4 | 5) {
    this.#memory = memory;
    this.#root = root;
    this.#shifts = levels === 5 ? [48, 39, 30, 21, 12] : [39, 30, 21, 12];
  }

  /** In the order asked. @throws {UnmappedError} */
  async read(ranges: readonly VirtualRange[]): Promise<Uint8Array[]> {
    const parts = ranges.map(pagewise);
    const pages = await this.#translate(parts.flat().map(({ address }) => pageOf(address)));
    const physical: MemoryRange[] = parts.flat().map(({ address, length }) => {
      const page = pages.get(pageOf(address));
      if (page === undefined) throw new UnmappedError(address);
      return { address: page + Number(address % BigInt(pageSize)), length };
    });
    const bytes = (await this.#memory.readPhysical(physical)).values();
    return parts.map((own) => joined(own.map(() => bytes.next().value!)));
  }

  /** Physical addresses of the pages that are mapped. One read of memory a level, however many the pages. */
  async #translate(pages: readonly bigint[]): Promise<Map<bigint, number>> {
    const found = new Map<bigint, number>();
    let open = [...new Set(pages)].map((page) => ({ page, table: this.#root }));
    for (const shift of this.#shifts) {
      const steps = open.map(({ page, table }) => ({ page, entry: table + 8 * indexAt(page, shift) }));
      await this.#load(steps.map(({ entry }) => entry));
      open = [];
      for (const { page, entry } of steps) {
        const value = this.#entries.get(entry)!;
        if ((value & present) === 0n) continue;
        const isLeaf = shift === 12 || (shift <= 30 && (value & large) !== 0n);
        if (!isLeaf) open.push({ page, table: Number(value & frame) });
        else {
          const within = (1n << BigInt(shift)) - 1n;
          found.set(page, Number((value & frame & ~within) | (page & within)));
        }
      }
    }
    return found;
  }

  async #load(entries: readonly number[]): Promise<void> {
    const missing = [...new Set(entries)].filter((entry) => !this.#entries.has(entry));
    const read = await this.#memory.readPhysical(missing.map((address) => ({ address, length: 8 })));
    for (const [i, bytes] of read.entries()) this.#entries.set(missing[i]!, u64(bytes));
  }
}

/** The 64-bit word at this offset. */
export function u64(bytes: Uint8Array, offset = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true);
}

function indexAt(page: bigint, shift: number): number {
  return Number((page >> BigInt(shift)) & 0x1ffn);
}

function pageOf(address: bigint): bigint {
  return address - (address % BigInt(pageSize));
}

/** The same bytes as ranges that do not cross a page. */
function pagewise({ address, length }: VirtualRange): VirtualRange[] {
  const parts: VirtualRange[] = [];
  for (let done = 0; done < length; ) {
    const at = address + BigInt(done);
    const size = Math.min(length - done, pageSize - Number(at % BigInt(pageSize)));
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
