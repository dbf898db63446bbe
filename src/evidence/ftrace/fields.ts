/** Reads `name=number` fields in the order in which a tracepoint prints them, without regular expressions. */

/** The end of `=0x`. */
const hex = 'x'.charCodeAt(0);

/**
 * @param keys with all that stands between the numbers, e.g. `['bit=', ' cpu=']`.
 * @returns undefined when the text is anything else: cut, another format, a number too long.
 */
export function readFields(text: string, from: number, keys: readonly string[]): number[] | undefined {
  const values = new Array<number>(keys.length);
  let at = from;
  let count = 0;
  for (const key of keys) {
    if (!text.startsWith(key, at)) return undefined;
    at += key.length;
    const end = endOfNumber(text, at);
    if (end < 0) return undefined;
    values[count] = number(text, at, end, key.charCodeAt(key.length - 1) === hex ? 16 : 10);
    count += 1;
    at = end;
  }
  return isBlank(text, at) ? values : undefined;
}

function endOfNumber(text: string, from: number): number {
  const first = text.charCodeAt(from) === 45 ? from + 1 : from;
  let at = first;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at === first || at - first > 10 ? -1 : at;
}

/** Decimal, and the lower-case hexadecimal of `0x%08x`. */
function isDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
}

function number(text: string, from: number, end: number, base: 10 | 16): number {
  if (base === 16) return Number.parseInt(text.slice(from, end), 16);
  const negative = text.charCodeAt(from) === 45;
  let value = 0;
  for (let at = negative ? from + 1 : from; at < end; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function isBlank(text: string, from: number): boolean {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 13 && code !== 9) return false;
  }
  return true;
}
