/** Sizes of types, places of members, values in memory: what a debugger does with BTF. */
import { type Btf, BtfError, type TypeId } from './btf.ts';

export interface Member {
  /** Empty: an anonymous struct or union, whose members are used as if they were of the outer one. */
  name: string;
  type: TypeId;
  bitOffset: number;
  /** Of a bit field; 0: none. */
  bitSize: number;
}

/** Where a member is, from the start of the type that one asked. */
export interface Field {
  /** Without typedefs and qualifiers. */
  type: TypeId;
  /** Of its first byte. */
  offset: number;
  /** In bytes; 0 for a flexible array. */
  size: number;
  /** Of a bit field: the lowest bit within the first byte, and the number of bits. */
  bits?: { shift: number; width: number };
}

/** Types deeper than this are made to contain themselves. */
const deepest = 100;

const names: readonly string[] = ['typedef', 'volatile', 'const', 'restrict', 'type_tag'];

/** The type behind typedefs and qualifiers. */
export function resolve(btf: Btf, id: TypeId): TypeId {
  let last = id;
  for (let step = 0; step < deepest; step += 1) {
    const { kind, word } = btf.type(last);
    if (!names.includes(kind)) return last;
    last = word;
  }
  throw new BtfError(`BTF type ${id} names itself`);
}

/** In bytes, on a 64-bit machine. */
export function sizeOf(btf: Btf, id: TypeId, depth = 0): number {
  if (depth > deepest) throw new BtfError(`BTF type ${id} contains itself`);
  const resolved = resolve(btf, id);
  const { kind, word } = btf.type(resolved);
  switch (kind) {
    case 'int':
    case 'struct':
    case 'union':
    case 'enum':
    case 'enum64':
    case 'float':
    case 'datasec':
      return word;
    case 'ptr':
      return 8;
    case 'array': {
      const { element, count } = arrayOf(btf, resolved);
      return count === 0 ? 0 : count * sizeOf(btf, element, depth + 1);
    }
    case 'var':
      return sizeOf(btf, word, depth + 1);
    default:
      throw new BtfError(`BTF type ${id} (${kind}) has no size`);
  }
}

/** @throws {BtfError} if it is no array. */
export function arrayOf(btf: Btf, id: TypeId): { element: TypeId; count: number } {
  const { kind, at } = btf.type(resolve(btf, id));
  if (kind !== 'array') throw new BtfError(`BTF type ${id} is no array but ${kind}`);
  return { element: btf.u32(at), count: btf.u32(at + 8) };
}

/** Of a struct or union, in order. */
export function membersOf(btf: Btf, id: TypeId): Member[] {
  const { kind, vlen, kindFlag, at } = btf.type(resolve(btf, id));
  if (kind !== 'struct' && kind !== 'union') throw new BtfError(`BTF type ${id} is no struct but ${kind}`);
  return Array.from({ length: vlen }, (_, i) => {
    const start = at + 12 * i;
    const word = btf.u32(start + 8);
    return {
      name: btf.text(btf.u32(start)),
      type: btf.u32(start + 4),
      bitOffset: kindFlag ? word & 0xffffff : word,
      bitSize: kindFlag ? word >>> 24 : 0,
    };
  });
}

/** The member that a path such as `irq_data.irq` leads to, also through anonymous structs; undefined: there is none. */
export function fieldOf(btf: Btf, id: TypeId, path: string): Field | undefined {
  let place = { type: id, bitOffset: 0, bitSize: 0 };
  for (const name of path.split('.')) {
    const found = memberNamed(btf, place.type, name);
    if (!found) return undefined;
    place = { ...found, bitOffset: place.bitOffset + found.bitOffset };
  }
  const { bitOffset, bitSize } = place;
  const type = resolve(btf, place.type);
  const offset = Math.floor(bitOffset / 8);
  if (bitSize === 0) return { type, offset, size: sizeOf(btf, type) };
  const shift = bitOffset % 8;
  return { type, offset, size: Math.ceil((shift + bitSize) / 8), bits: { shift, width: bitSize } };
}

function memberNamed(btf: Btf, id: TypeId, name: string, depth = 0): Omit<Member, 'name'> | undefined {
  if (depth > deepest) throw new BtfError(`BTF type ${id} contains itself`);
  for (const member of membersOf(btf, id)) {
    if (member.name === name) return member;
    // An anonymous bit field is padding.
    if (member.name !== '' || member.bitSize > 0) continue;
    const inner = memberNamed(btf, member.type, name, depth + 1);
    if (inner) return { ...inner, bitOffset: member.bitOffset + inner.bitOffset };
  }
  return undefined;
}

/** The unsigned value of a field in a copy of the struct that begins at `base` of `bytes`. */
export function fieldValue(bytes: Uint8Array, base: number, { offset, size, bits }: Field): bigint {
  const at = base + offset;
  if (at + size > bytes.length)
    throw new RangeError(`${size} bytes at ${at} are beyond the ${bytes.length} read`);
  let value = 0n;
  for (let i = size - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[at + i]!);
  return bits ? (value >> BigInt(bits.shift)) & ((1n << BigInt(bits.width)) - 1n) : value;
}

export interface Variable {
  type: TypeId;
  /** From the start of the section. */
  offset: number;
  size: number;
}

/** Variables of a section, by name. `.data..percpu` is there in kernels built with pahole 1.18 or newer. */
export function variablesOf(btf: Btf, section: string): Map<string, Variable> {
  const found = new Map<string, Variable>();
  const id = btf.find('datasec', section);
  if (id === undefined) return found;
  const { vlen, at } = btf.type(id);
  for (let i = 0; i < vlen; i += 1) {
    const start = at + 12 * i;
    const variable = btf.type(btf.u32(start));
    found.set(variable.name, {
      type: variable.word,
      offset: btf.u32(start + 4),
      size: btf.u32(start + 8),
    });
  }
  return found;
}
