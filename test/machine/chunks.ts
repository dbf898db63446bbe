/** Bytes cut into chunks at arbitrary places, for property tests. */
import fc from 'fast-check';

export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b,
  );
  return ends.slice(1).map((end, i) => bytes.subarray(ends[i], end));
}

export const cuts = fc.array(fc.nat(), { maxLength: 30 });
