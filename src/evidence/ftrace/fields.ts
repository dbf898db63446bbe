/** Reads `name=number` fields in the order in which a tracepoint prints them. */
import { bytesOf, isBlank } from './bytes.ts';

/** What stands before a number, and how the number is written. */
interface Key {
  word: Uint8Array;
  isHex: boolean;
}
export type Keys = readonly Key[];

/** @param keys with all that stands between the numbers, e.g. `['bit=', ' cpu=']`; one that ends with `0x` is hexadecimal */
export function keysOf(keys: readonly string[]): Keys {
  return keys.map((key) => ({ word: bytesOf(key), isHex: key.endsWith('=0x') }));
}

/** Digits of `%u` and of `%08x`. */
const mostDigits = 10;
const minus = 45;

/**
 * @param from, to the fields, up to the end of the line
 * @returns undefined when they are anything else: cut, another format, a number too long.
 */
export function readFields(bytes: Uint8Array, from: number, to: number, keys: Keys): number[] | undefined {
  const values: number[] = [];
  let at = from;
  for (const { word, isHex } of keys) {
    const { length } = word;
    if (at + length >= to) return undefined;
    for (let i = 0; i < length; i += 1) if (bytes[at + i] !== word[i]) return undefined;
    at += length;
    const isNegative = bytes[at] === minus;
    if (isNegative) at += 1;
    const first = at;
    let value = 0;
    for (; at < to; at += 1) {
      const digit = digitOf(bytes[at]!, isHex);
      if (digit < 0) break;
      value = value * (isHex ? 16 : 10) + digit;
    }
    if (at === first || at - first > mostDigits) return undefined;
    values.push(isNegative ? -value : value);
  }
  return isBlank(bytes, at, to) ? values : undefined;
}

/** The value of a decimal or lower-case hexadecimal digit, or −1. */
export function digitOf(byte: number, isHex: boolean): number {
  const digit = byte - 48;
  if (digit >= 0 && digit <= 9) return digit;
  return isHex && byte >= 97 && byte <= 102 ? byte - 87 : -1;
}
