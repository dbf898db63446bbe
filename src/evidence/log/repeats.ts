/**
 * What a line of a kernel log meant when the same message stood there before. A storm says few messages over and over
 * with new time stamps, and mostly in one order, so that a line of it costs one comparison, or one look-up. Exact: a
 * message is remembered whole, and only behind a prefix of one host and one length, of which nothing but the time may
 * have changed.
 */
import type { LineKind, LogFact } from './facts.ts';

export interface Reading {
  /** Undefined: it was not read, being plain. */
  kind: LineKind | undefined;
  facts: readonly LogFact[];
  /** The next line is to be read whatever it holds. */
  wantsNext: boolean;
  /** No word in it is worth a look. */
  isPlain: boolean;
}

/** As dmesg prints a line, and journalctl and syslog do. */
const prefixes = (host: string) =>
  new RegExp(
    `(?:(?:[A-Z][a-z]{2} [ \\d]\\d \\d{2}:\\d{2}:\\d{2}|\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}[+-]\\d{2}:?\\d{2}) (${host}) kernel: )?\\[[ \\d]{5}\\d{0,5}\\.\\d{6}\\] `,
    'y',
  );
const anyHost = prefixes('[\\w.-]{1,64}');
const most = 2048;
const longest = 400;
const newline = 10;

interface Known {
  message: string;
  reading: Reading;
  /** The message that came behind it last time. */
  next: Known | undefined;
}

export class Repeats {
  readonly #known = new Map<string, Known>();
  #host: string | undefined;
  /** The prefix with that host, and how long it is. */
  #prefix = anyHost;
  #length = 0;
  #message: string | undefined;
  /** The message of the line before, and of the one before that. */
  #last: Known | undefined;
  #before: Known | undefined;
  /** Of the line that {@link follows} found: its newline. */
  end = 0;

  /** @returns what the line at `from` means, if it says what came last time behind the message before it */
  follows(text: string, from: number): Reading | undefined {
    const next = this.#last?.next;
    if (!next || !this.#fits(text, from)) return undefined;
    const at = from + this.#length;
    const end = at + next.message.length;
    // A slice is no copy, and equality of strings is the fastest way to compare that there is.
    if (text.charCodeAt(end) !== newline || text.slice(at, end) !== next.message) return undefined;
    this.end = end;
    this.#last = next;
    return next.reading;
  }

  /** @returns what the same message meant before */
  find(text: string): Reading | undefined {
    this.#before = this.#last;
    this.#last = undefined;
    this.#message = undefined;
    if (text.length > longest || !(this.#fits(text, 0) || this.#isPrefixed(text))) return undefined;
    this.#message = text.slice(this.#length);
    const known = this.#known.get(this.#message);
    if (known) this.#is(known);
    return known?.reading;
  }

  /** For the line that was asked for last. */
  keep(reading: Reading): void {
    if (this.#message === undefined) return;
    if (this.#known.size >= most) this.#known.clear();
    // A copy, which keeps no piece of the file in memory.
    const message = ` ${this.#message}`.slice(1);
    const known = { message, reading, next: undefined };
    this.#known.set(message, known);
    this.#is(known);
  }

  #is(known: Known): void {
    if (this.#before) this.#before.next = known;
    this.#last = known;
  }

  /** Another host or length: nothing is known behind it. */
  #isPrefixed(text: string): boolean {
    anyHost.lastIndex = 0;
    const m = anyHost.exec(text);
    if (!m) return false;
    this.#known.clear();
    this.#before = undefined;
    this.#length = m[0].length;
    if (m[1] !== this.#host) this.#prefix = prefixes((m[1] ?? '').replaceAll('.', '\\.'));
    this.#host = m[1];
    return true;
  }

  #fits(text: string, from: number): boolean {
    const prefix = this.#prefix;
    prefix.lastIndex = from;
    return prefix.test(text) && prefix.lastIndex === from + this.#length;
  }
}
