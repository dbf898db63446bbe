/** Random changes to real input. The same seed gives the same inputs. */

export type Random = () => number;

/** mulberry32: small, fast, and good enough to choose where to cut. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What breaks parsers: ends and beginnings of things, numbers at their limits, other alphabets. */
const tokens = [
  ...['\n', '\r\n', '\r', '\0', '\t', ' ', '\x1b[31m', '\u2028', '\ufeff', '\ud800', 'é', '𝔘', '%s', '\\'],
  ...[
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '"',
    "'",
    ':',
    ',',
    '=',
    '-',
    '+',
    '.',
    '/',
    '<6>',
    '[ T12]',
    '...',
    '--',
  ],
  ...['0', '-1', '255', '256', '4294967295', '4294967296', '9007199254740993', '1e999', '0x', 'NaN', 'null'],
  ...[
    '[    1.000000] ',
    '0000:01:00.0',
    ' irq_matrix_alloc: ',
    ' bit=',
    ' cpu=',
    ' [LOST 5 EVENTS]',
    'CPU0 ',
  ],
  ...['AER: ', 'virtio0', '{"t":1}', 'Capabilities: ', '__proto__', 'constructor'],
];

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

/** A place, often the begin of a line. */
function place(random: Random, text: string): number {
  const at = Math.floor(random() * (text.length + 1));
  return random() < 0.3 ? text.lastIndexOf('\n', at) + 1 : at;
}

function span(random: Random, text: string): [number, number] {
  const a = place(random, text);
  const length = Math.floor(random() ** 3 * Math.min(text.length, 2000));
  return [a, Math.min(text.length, a + length)];
}

type Change = (random: Random, text: string, other: string) => string;

const changes: readonly Change[] = [
  // A token in between, or in place of something.
  (random, text) => {
    const [a, b] = span(random, text);
    return text.slice(0, a) + pick(random, tokens) + text.slice(random() < 0.5 ? a : b);
  },
  // A piece gone.
  (random, text) => {
    const [a, b] = span(random, text);
    return text.slice(0, a) + text.slice(b);
  },
  // A piece of something else.
  (random, text, other) => {
    const [a, b] = span(random, other);
    const at = place(random, text);
    return text.slice(0, at) + other.slice(a, b) + text.slice(at);
  },
  // One character another.
  (random, text) => {
    const at = place(random, text);
    return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
  },
  // A number another.
  (random, text) => {
    const at = text.slice(place(random, text)).search(/\d/);
    return at < 0 ? text : text.slice(0, at) + pick(random, tokens) + text.slice(at + 1);
  },
  // Two pieces in the wrong order.
  (random, text) => {
    const [a, b] = span(random, text);
    const c = Math.min(text.length, b + (b - a));
    return text.slice(0, a) + text.slice(b, c) + text.slice(a, b) + text.slice(c);
  },
  // Cut off.
  (random, text) => text.slice(0, place(random, text)),
];

/** @param longest of what is returned, in characters. */
export function mutate(random: Random, text: string, other: string, longest = 20_000): string {
  let changed = text;
  for (let left = 1 + Math.floor(random() * 6); left > 0; left -= 1)
    changed = pick(random, changes)(random, changed, other).slice(0, longest);
  return changed;
}

/** A piece of it, over and over: what takes time that grows faster than the input shows here. */
export function amplify(random: Random, text: string, length: number): string {
  const [a] = span(random, text);
  const unit = text.slice(a, a + 1 + Math.floor(random() ** 2 * 60)) || ' ';
  const head = text.slice(Math.max(0, a - 100), a);
  return (head + unit.repeat(Math.ceil(length / unit.length))).slice(0, length);
}
