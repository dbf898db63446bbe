/**
 * A line of a recording as the bytes that it is in, so that millions of lines are read without a string for each. One
 * character is one byte (latin1): what a parser looks for is ASCII.
 */

/** One line of a larger piece, without its newline. */
export class LineBytes {
  #text: string | undefined;
  bytes: Uint8Array;
  from: number;
  to: number;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }

  /** Asked for a line that is kept: what it is a part of is not held any more. */
  get text(): string {
    if (this.#text === undefined) {
      this.#text = textOf(this.bytes, this.from, this.to);
      this.bytes = nothing;
      this.from = 0;
      this.to = 0;
    }
    return this.#text;
  }
}

const nothing = new Uint8Array(0);
/** Arguments of one call that every engine takes. */
const atOnce = 8192;

export function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += atOnce)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(to, at + atOnce)));
  return text;
}

const question = 63;

/** What is beyond latin1 becomes `?`. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    bytes[at] = code < 256 ? code : question;
  }
  return bytes;
}

/** @returns whether `word` stands at `at`; what is behind `to` does not count */
export function isAt(bytes: Uint8Array, at: number, to: number, word: Uint8Array): boolean {
  const { length } = word;
  if (at + length > to) return false;
  for (let i = 0; i < length; i += 1) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** @returns whether `word` stands anywhere in the line */
export function holds(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  const first = word[0]!;
  for (let at = from; at + word.length <= to; at += 1)
    if (bytes[at] === first && isAt(bytes, at, to, word)) return true;
  return false;
}

/** Spaces, tabs and a carriage return alone. */
export function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (!isSpace(bytes[at]!)) return false;
  return true;
}

export function isSpace(byte: number): boolean {
  return byte === 32 || byte === 13 || byte === 9;
}

/** Words that are looked up by their bytes, each with what it stands for. */
export class WordTable<T> {
  /** By length: most lengths have few words. */
  readonly #words: { word: Uint8Array; value: T }[][] = [];

  constructor(words: Iterable<readonly [string, T]>) {
    for (const [text, value] of words) {
      while (this.#words.length <= text.length) this.#words.push([]);
      this.#words[text.length]!.push({ word: bytesOf(text), value });
    }
  }

  /** @returns what the whole range stands for */
  at(bytes: Uint8Array, from: number, to: number): T | undefined {
    const sameLength = this.#words[to - from];
    if (!sameLength) return undefined;
    for (const { word, value } of sameLength) if (isAt(bytes, from, to, word)) return value;
    return undefined;
  }
}
