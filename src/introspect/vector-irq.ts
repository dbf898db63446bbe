/** `vector_irq[]` of every CPU: which interrupt each vector leads to (arch/x86/include/asm/hw_irq.h). */
import type { VectorSlot } from '../evidence/matrix-snapshot.ts';
import { fieldValue } from './btf/layout.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { VectorLayout } from './layout.ts';
import { u64 } from './page-tables.ts';

/** NR_VECTORS */
const vectors = 256;
/** Bytes of a `vector_irq[]`. */
export const tableSize = 8 * vectors;
const shutdown = 2n ** 64n - 1n;
const retriggered = 2n ** 64n - 2n;
/** More actions on one line than this are a list that was read wrongly. */
const mostActions = 64;
/** Names of actions are shorter; what is longer is cut. */
const longestName = 128;

interface Interrupt {
  irq: number;
  actions: string[];
}

/** The slots that are used, of every CPU whose `vector_irq[]` is given. */
export async function slotsOf(
  memory: KernelMemory,
  layout: VectorLayout,
  tables: readonly Uint8Array[],
): Promise<VectorSlot[][]> {
  const pointers = tables.map((bytes) =>
    Array.from({ length: vectors }, (_, vector) => u64(bytes, 8 * vector)),
  );
  const isDescriptor = (pointer: bigint) => pointer !== 0n && pointer < retriggered;
  const interrupts = await readDescriptors(memory, layout, new Set(pointers.flat().filter(isDescriptor)));
  const slotOf = (pointer: bigint, vector: number): VectorSlot | undefined => {
    if (pointer === 0n) return undefined;
    if (pointer === shutdown) return { vector, holds: 'shutdown' };
    if (pointer === retriggered) return { vector, holds: 'retriggered' };
    return { vector, holds: 'irq', ...interrupts.get(pointer)! };
  };
  return pointers.map((table) => table.map(slotOf).filter((slot) => slot !== undefined));
}

/** What the `struct irq_desc` at each of these addresses says. */
async function readDescriptors(
  memory: KernelMemory,
  layout: VectorLayout,
  addresses: ReadonlySet<bigint>,
): Promise<Map<bigint, Interrupt>> {
  const { length, irq, action } = layout.descriptor;
  const list = [...addresses];
  const read = await memory.read(list.map((address) => ({ address, length })));
  const actions = await readActions(
    memory,
    layout,
    read.map((bytes) => fieldValue(bytes, 0, action)),
  );
  return new Map(
    list.map((address, i) => [address, { irq: Number(fieldValue(read[i]!, 0, irq)), actions: actions[i]! }]),
  );
}

/** The names of the actions in each of these lists, `struct irqaction` by `struct irqaction`. */
async function readActions(
  memory: KernelMemory,
  layout: VectorLayout,
  heads: readonly bigint[],
): Promise<string[][]> {
  const { length, name, next } = layout.action;
  const named: { list: number; name: bigint }[] = [];
  let open = heads.map((address, list) => ({ list, address })).filter(({ address }) => address !== 0n);
  for (let round = 0; open.length > 0 && round < mostActions; round += 1) {
    const read = await memory.read(open.map(({ address }) => ({ address, length })));
    const after = open.map(({ list }, i) => ({ list, address: fieldValue(read[i]!, 0, next) }));
    named.push(...open.map(({ list }, i) => ({ list, name: fieldValue(read[i]!, 0, name) })));
    open = after.filter(({ address }) => address !== 0n);
  }
  const texts = await readTexts(
    memory,
    named.map((entry) => entry.name),
  );
  const lists: string[][] = heads.map(() => []);
  for (const [i, { list }] of named.entries()) lists[list]!.push(texts[i]!);
  return lists;
}

/** The texts at these addresses, each up to its NUL; NULL is empty. */
async function readTexts(memory: KernelMemory, addresses: readonly bigint[]): Promise<string[]> {
  const texts: number[][] = addresses.map(() => []);
  let open = addresses.map((address, i) => ({ i, address })).filter(({ address }) => address !== 0n);
  while (open.length > 0) {
    // Never over the end of a page: the next one may not be there.
    const ranges = open.map(({ address }) => ({
      address,
      length: Math.min(32, 4096 - Number(address % 4096n)),
    }));
    const read = await memory.read(ranges);
    open = open.filter(({ i }, n) => {
      const bytes = read[n]!;
      const end = bytes.indexOf(0);
      texts[i]!.push(...(end < 0 ? bytes : bytes.subarray(0, end)));
      return end < 0 && texts[i]!.length < longestName;
    });
    open = open.map(({ i }) => ({ i, address: addresses[i]! + BigInt(texts[i]!.length) }));
  }
  return texts.map((bytes) => new TextDecoder().decode(Uint8Array.from(bytes.slice(0, longestName))));
}
