/**
 * The kernel's own type information, BTF, from its bytes (the kernel's Documentation/bpf/btf.rst and
 * include/uapi/linux/btf.h). Kept as bytes; a type is decoded when asked for.
 */

/** The bytes are no BTF, or not of a kind that is known. */
export class BtfError extends Error {
  override readonly name = 'BtfError';
}

/** A type's number; 0 is void. */
export type TypeId = number;

/** BTF_KIND_*, from 1 on. */
const kinds = [
  'int',
  'ptr',
  'array',
  'struct',
  'union',
  'enum',
  'fwd',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'func',
  'func_proto',
  'var',
  'datasec',
  'float',
  'decl_tag',
  'type_tag',
  'enum64',
] as const;
export type Kind = (typeof kinds)[number] | 'void';

/** Bytes that follow a type of this kind: a fixed part, and one for each of its `vlen` entries. */
const tail: Record<Exclude<Kind, 'void'>, readonly [fixed: number, each: number]> = {
  int: [4, 0],
  ptr: [0, 0],
  array: [12, 0],
  struct: [0, 12],
  union: [0, 12],
  enum: [0, 8],
  fwd: [0, 0],
  typedef: [0, 0],
  volatile: [0, 0],
  const: [0, 0],
  restrict: [0, 0],
  func: [0, 0],
  func_proto: [0, 8],
  var: [4, 0],
  datasec: [0, 12],
  float: [0, 0],
  decl_tag: [4, 0],
  type_tag: [0, 0],
  enum64: [0, 12],
};

/** A type's common part. */
export interface BtfType {
  kind: Kind;
  /** Empty: anonymous. */
  name: string;
  vlen: number;
  kindFlag: boolean;
  /** The third word: a size in bytes, or a type's number; which of them follows from the kind. */
  word: number;
  /** Where what follows begins. */
  at: number;
}

const typeHeader = 12;

export class Btf {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #types: { offset: number; starts: Uint32Array };
  readonly #strings: { offset: number; end: number };

  /** @throws {BtfError} */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || this.#view.getUint16(0, true) !== 0xeb9f)
      throw new BtfError('not BTF: it does not begin with 9f eb');
    const version = this.#view.getUint8(2);
    if (version !== 1) throw new BtfError(`BTF of version ${version}, not 1`);
    const [header, typeOffset, typeLength, stringOffset, stringLength] = [4, 8, 12, 16, 20].map((at) =>
      this.#view.getUint32(at, true),
    ) as [number, number, number, number, number];
    const types = header + typeOffset;
    const strings = header + stringOffset;
    if (types + typeLength > bytes.length || strings + stringLength > bytes.length)
      throw new BtfError(`BTF is cut: ${bytes.length} bytes`);
    this.#strings = { offset: strings, end: strings + stringLength };
    this.#types = { offset: types, starts: this.#findStarts(types, types + typeLength) };
  }

  /** Types are numbered from 1 to this. */
  get lastId(): TypeId {
    return this.#types.starts.length;
  }

  type(id: TypeId): BtfType {
    if (id === 0) return { kind: 'void', name: '', vlen: 0, kindFlag: false, word: 0, at: 0 };
    const start = this.#types.starts[id - 1];
    if (start === undefined) throw new BtfError(`BTF has no type ${id}`);
    const info = this.u32(start + 4);
    return {
      kind: kinds[((info >>> 24) & 0x1f) - 1]!,
      name: this.text(this.u32(start)),
      vlen: info & 0xffff,
      kindFlag: info >>> 31 === 1,
      word: this.u32(start + 8),
      at: start + typeHeader,
    };
  }

  /** The first type of that kind and name. */
  find(kind: Kind, name: string): TypeId | undefined {
    const wanted = kinds.indexOf(kind as Exclude<Kind, 'void'>) + 1;
    const { starts } = this.#types;
    for (let i = 0; i < starts.length; i += 1) {
      const start = starts[i]!;
      if (((this.u32(start + 4) >>> 24) & 0x1f) === wanted && this.#isText(this.u32(start), name))
        return i + 1;
    }
    return undefined;
  }

  /** A word of what follows a type. */
  u32(at: number): number {
    if (at + 4 > this.#bytes.length) throw new BtfError('BTF is cut');
    return this.#view.getUint32(at, true);
  }

  /** The string at this offset of the string section. */
  text(offset: number): string {
    const start = this.#strings.offset + offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0 || end >= this.#strings.end) throw new BtfError(`BTF has no string at ${offset}`);
    return new TextDecoder().decode(this.#bytes.subarray(start, end));
  }

  #isText(offset: number, text: string): boolean {
    const start = this.#strings.offset + offset;
    for (let i = 0; i < text.length; i += 1) if (this.#bytes[start + i] !== text.charCodeAt(i)) return false;
    return this.#bytes[start + text.length] === 0;
  }

  #findStarts(from: number, to: number): Uint32Array {
    const starts: number[] = [];
    for (let at = from; at < to; ) {
      starts.push(at);
      const info = this.u32(at + 4);
      const kind = kinds[((info >>> 24) & 0x1f) - 1];
      if (!kind) throw new BtfError(`BTF type ${starts.length} is of kind ${(info >>> 24) & 0x1f}: unknown`);
      const [fixed, each] = tail[kind];
      at += typeHeader + fixed + each * (info & 0xffff);
      if (at > to) throw new BtfError(`BTF type ${starts.length} is cut`);
    }
    return Uint32Array.from(starts);
  }
}
