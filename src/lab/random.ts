/** Chance that can be had again: the same seed gives the same numbers, on every machine and in every version. */

/** @returns numbers 0 ≤ x < 1. Mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed of its own for each thing that draws, so that one more or less does not change the others' numbers. */
export function seedFor(seed: number, ...words: (string | number)[]): number {
  // FNV-1a over the characters (draft-eastlake-fnv).
  let hash = 0x811c9dc5;
  for (const char of [seed, ...words].join('/')) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return hash;
}
