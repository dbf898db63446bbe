/** All states seen, each once, by number in the order in which they came: a hash set over one block of bytes. */

export class StateStore {
  readonly #words: number;
  #bytes: Uint8Array;
  #states: Int32Array;
  #table: Int32Array;
  #mask: number;
  count = 0;

  /** @param width bytes of a state; {@link padded} of it are kept */
  constructor(width: number) {
    this.#words = padded(width) / 4;
    this.#bytes = new Uint8Array(1024 * this.#words * 4);
    this.#states = new Int32Array(this.#bytes.buffer);
    this.#table = new Int32Array(4096).fill(-1);
    this.#mask = this.#table.length - 1;
  }

  /** Bytes in use. */
  get memory(): number {
    return this.#bytes.byteLength + this.#table.byteLength;
  }

  /** @returns its number; a new one is `count - 1`. */
  add(state: Int32Array): number {
    const words = this.#words;
    const states = this.#states;
    let place = hash(state, 0, words) & this.#mask;
    for (;;) {
      const index = this.#table[place]!;
      if (index < 0) break;
      const base = index * words;
      let i = 0;
      while (i < words && states[base + i] === state[i]) i += 1;
      if (i === words) return index;
      place = (place + 1) & this.#mask;
    }
    const index = this.count;
    this.count += 1;
    if (this.count * words > states.length) this.#grow();
    this.#states.set(words === state.length ? state : state.subarray(0, words), index * words);
    this.#table[place] = index;
    if (this.count * 2 > this.#table.length) this.#rehash();
    return index;
  }

  /** Copies state `index` to `out`. */
  read(index: number, out: Int32Array): void {
    const base = index * this.#words;
    for (let i = 0; i < this.#words; i += 1) out[i] = this.#states[base + i]!;
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.byteLength * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#states = new Int32Array(bytes.buffer);
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2).fill(-1);
    this.#mask = table.length - 1;
    for (let index = 0; index < this.count; index += 1) {
      const base = index * this.#words;
      let place = hash(this.#states, base, this.#words) & this.#mask;
      while (table[place]! >= 0) place = (place + 1) & this.#mask;
      table[place] = index;
    }
    this.#table = table;
  }
}

/** A state's bytes are kept as whole words. */
export function padded(width: number): number {
  return (width + 3) & ~3;
}

/** One state in work, seen as bytes and as words. */
export function scratch(width: number): { bytes: Uint8Array; words: Int32Array } {
  const buffer = new ArrayBuffer(padded(width));
  return { bytes: new Uint8Array(buffer, 0, width), words: new Int32Array(buffer) };
}

// The mixing of MurmurHash3 (Austin Appleby, public domain), on 32-bit words.
function hash(words: Int32Array, base: number, count: number): number {
  let h = 0x9747b28c;
  for (let i = base; i < base + count; i += 1) {
    let k = Math.imul(words[i]!, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
