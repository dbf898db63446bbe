/**
 * Finds any of many words in a text: Wu and Manber's search with blocks of two characters ("A fast algorithm for
 * multi-pattern searching", 1994). Most of the text is stepped over three characters at a time; a regular expression of
 * the same words looks at each. For latin1; other characters match nothing.
 */

/** All words are at least as long. */
const window = 4;
const farthest = window - 1;

interface Anchored {
  word: string;
  /** Where in the word its window begins. */
  offset: number;
}

export class WordSearch {
  /** How far the window may go when it ends with these two characters; 0: a word may be here. */
  readonly #shift = new Uint8Array(65536).fill(farthest);
  /** Words by the last two characters of their windows. */
  readonly #words = new Map<number, Anchored[]>();

  /** @param sample like the text: of each word those four characters are looked for that are rare in it */
  constructor(words: readonly string[], sample = '') {
    const counts = new Uint32Array(65536);
    for (let end = 1; end < sample.length; end += 1) counts[blockAt(sample, end)]! += 1;
    for (const word of words) {
      if (word.length < window) throw new Error(`${word} is shorter than ${window} characters`);
      const offset = rarest(word, counts);
      for (let end = 1; end < window; end += 1) {
        const block = blockAt(word, offset + end);
        this.#shift[block] = Math.min(this.#shift[block]!, farthest - end);
      }
      const last = blockAt(word, offset + farthest);
      const others = this.#words.get(last);
      if (others) others.push({ word, offset });
      else this.#words.set(last, [{ word, offset }]);
    }
  }

  /** @returns a place in the first line behind `from` that holds a word, or −1. No word may hold a newline. */
  next(text: string, from = 0): number {
    const shift = this.#shift;
    const end = text.length;
    let at = from + farthest;
    while (at < end) {
      const block = blockAt(text, at);
      const step = shift[block]!;
      if (step > 0) {
        at += step;
        continue;
      }
      if (this.#isAt(text, at - farthest, block)) return at;
      at += 1;
    }
    return -1;
  }

  #isAt(text: string, start: number, block: number): boolean {
    for (const { word, offset } of this.#words.get(block) ?? [])
      if (text.startsWith(word, start - offset)) return true;
    return false;
  }
}

/** The two characters that end at `end`. */
function blockAt(text: string, end: number): number {
  return ((text.charCodeAt(end - 1) & 255) << 8) | (text.charCodeAt(end) & 255);
}

/** Where the word's window stands best: a block at its end is looked at closely, one before it costs a short step. */
function rarest(word: string, counts: Uint32Array): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset + window <= word.length; offset += 1) {
    let cost = 0;
    for (let end = 1; end < window; end += 1)
      cost += counts[blockAt(word, offset + end)]! * (end === farthest ? 3 : 1);
    if (cost >= least) continue;
    least = cost;
    best = offset;
  }
  return best;
}
