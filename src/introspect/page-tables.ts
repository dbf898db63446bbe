/** Page tables walked in physical memory (Intel SDM volume 3, "Paging"). */
import type { StoppedCpus } from '../machine/gdb/stopped-cpus.ts';

export type PhysicalMemory = Pick<StoppedCpus, 'readPhysical'>;

export const pageSize = 4096n;
/** Of an entry, and of CR3: where the next table or the page is. */
export const frame = 0x000f_ffff_ffff_f000n;
const present = 1n;
const large = 1n << 7n;

/** One set of tables, read while nothing can change them. */
export class PageTables {
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

  /** Physical addresses of those pages that are mapped. One read of memory a level, however many the pages. */
  async translate(pages: Iterable<bigint>): Promise<Map<bigint, number>> {
    const found = new Map<bigint, number>();
    let open = [...new Set(pages)].map((page) => ({ page, table: this.#root }));
    for (const shift of this.#shifts) {
      if (open.length === 0) break;
      const steps = open.map(({ page, table }) => ({ page, entry: table + 8 * indexAt(page, shift) }));
      await this.#load(steps.map(({ entry }) => entry));
      open = [];
      for (const { page, entry } of steps) {
        const value = this.#entries.get(entry)!;
        if ((value & present) === 0n) continue;
        const isPage = shift === 12 || (shift <= 30 && (value & large) !== 0n);
        if (!isPage) open.push({ page, table: Number(value & frame) });
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
    if (missing.length === 0) return;
    const read = await this.#memory.readPhysical(missing.map((address) => ({ address, length: 8 })));
    for (const [i, bytes] of read.entries()) this.#entries.set(missing[i]!, u64(bytes));
  }
}

function indexAt(page: bigint, shift: number): number {
  return Number((page >> BigInt(shift)) & 0x1ffn);
}

/** The 64-bit word at this offset. */
export function u64(bytes: Uint8Array, offset = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true);
}
