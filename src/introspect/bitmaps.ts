/** Bit maps of a kernel struct, wherever the struct keeps them. */
import type { KernelMemory } from './kernel-memory.ts';
import type { BitmapPlace } from './layout.ts';
import { u64 } from './page-tables.ts';

/** A struct that was read, and where. */
export interface Struct {
  address: bigint;
  bytes: Uint8Array;
}

/** Where a map of this struct is. */
export function addressOf({ address, bytes }: Struct, { kind, offset }: BitmapPlace): bigint {
  return kind === 'pointer' ? u64(bytes, offset) : address + BigInt(offset);
}

/** The same map of many structs, each of `words` 64-bit words. */
export async function readBitmaps(
  memory: KernelMemory,
  structs: readonly Struct[],
  place: BitmapPlace,
  words: number,
): Promise<Uint8Array[]> {
  const { kind, offset } = place;
  if (kind === 'array') return structs.map(({ bytes }) => bytes.subarray(offset, offset + 8 * words));
  return await memory.read(structs.map((s) => ({ address: addressOf(s, place), length: 8 * words })));
}

/** The bits that are set, ascending. */
export function bitsOf(bytes: Uint8Array): number[] {
  const bits: number[] = [];
  for (const [i, byte] of bytes.entries())
    for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) bits.push(8 * i + bit);
  return bits;
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** As a debugger shows a map: an array by its 64-bit words, anything else by its address. */
export function asPrinted(struct: Struct, place: BitmapPlace): string[] | string {
  if (place.kind !== 'array') return hex(addressOf(struct, place));
  return Array.from({ length: place.size / 8 }, (_, i) => hex(u64(struct.bytes, place.offset + 8 * i)));
}
