/** `vector_irq[]` of every CPU: which interrupt each vector leads to (arch/x86/include/asm/hw_irq.h). */
import type { VectorSlot } from '../evidence/matrix-snapshot.ts';
import { type AddressSpace, u64 } from './address-space.ts';
import { fieldValue } from './btf/layout.ts';
import type { VectorLayout } from './layout.ts';
import type { PerCpuBases } from './matrix.ts';

/** NR_VECTORS */
const vectors = 256;
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

/** Of these CPUs. */
export async function readSlots(
  space: AddressSpace,
  layout: VectorLayout,
  bases: PerCpuBases,
): Promise<Map<number, VectorSlot[]>> {
  const table = layout.symbols.vector_irq;
  const tables = await space.read(
    [...bases.values()].map((base) => ({ address: BigInt.asUintN(64, table + base), length: 8 * vectors })),
  );
  const pointers = tables.map((bytes) =>
    Array.from({ length: vectors }, (_, vector) => u64(bytes, 8 * vector)),
  );
  const isDescriptor = (pointer: bigint) => pointer !== 0n && pointer < retriggered;
  const interrupts = await readDescriptors(space, layout, new Set(pointers.flat().filter(isDescriptor)));
  const slotOf = (pointer: bigint, vector: number): VectorSlot | undefined => {
    if (pointer === 0n) return undefined;
    if (pointer === shutdown) return { vector, holds: 'shutdown' };
    if (pointer === retriggered) return { vector, holds: 'retriggered' };
    return { vector, holds: 'irq', ...interrupts.get(pointer)! };
  };
  return new Map(
    [...bases.keys()].map((cpu, i) => [cpu, pointers[i]!.map(slotOf).filter((slot) => slot !== undefined)]),
  );
}

/** What the `struct irq_desc` at each of these addresses says. */
async function readDescriptors(
  space: AddressSpace,
  layout: VectorLayout,
  addresses: ReadonlySet<bigint>,
): Promise<Map<bigint, Interrupt>> {
  const { length, irq, action } = layout.descriptor;
  const list = [...addresses];
  const read = await space.read(list.map((address) => ({ address, length })));
  const actions = await readActions(
    space,
    layout,
    read.map((bytes) => fieldValue(bytes, 0, action)),
  );
  return new Map(
    list.map((address, i) => [address, { irq: Number(fieldValue(read[i]!, 0, irq)), actions: actions[i]! }]),
  );
}

/** The names of the actions in each of these lists, `struct irqaction` by `struct irqaction`. */
async function readActions(
  space: AddressSpace,
  layout: VectorLayout,
  heads: readonly bigint[],
): Promise<string[][]> {
  const { length, name, next } = layout.action;
  const named: { list: number; name: bigint }[] = [];
  let open = heads.map((address, list) => ({ list, address })).filter(({ address }) => address !== 0n);
  for (let round = 0; open.length > 0 && round < mostActions; round += 1) {
    const read = await space.read(open.map(({ address }) => ({ address, length })));
    const after = open.map(({ list }, i) => ({ list, address: fieldValue(read[i]!, 0, next) }));
    named.push(...open.map(({ list }, i) => ({ list, name: fieldValue(read[i]!, 0, name) })));
    open = after.filter(({ address }) => address !== 0n);
  }
  const texts = await readTexts(
    space,
    named.map((entry) => entry.name),
  );
  const lists: string[][] = heads.map(() => []);
  for (const [i, { list }] of named.entries()) lists[list]!.push(texts[i]!);
  return lists;
}

/** The texts at these addresses, each up to its NUL; NULL is empty. */
async function readTexts(space: AddressSpace, addresses: readonly bigint[]): Promise<string[]> {
  const texts: number[][] = addresses.map(() => []);
  let open = addresses.map((address, i) => ({ i, address })).filter(({ address }) => address !== 0n);
  while (open.length > 0) {
    // Never over the end of a page: the next one may not be there.
    const ranges = open.map(({ address }) => ({
      address,
      length: Math.min(32, 4096 - Number(address % 4096n)),
    }));
    const read = await space.read(ranges);
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
