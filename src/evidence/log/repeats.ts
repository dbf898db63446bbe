/**
 * What a line of a kernel log meant when the same message stood there before. A storm says few messages over and over
 * with new time stamps, so that a line of it costs one look-up. Exact: a message is remembered whole, and only behind
 * a prefix of one form, one host and one length, of which nothing but digits may have changed.
 */
import type { LineKind, LogFact } from './facts.ts';

export interface Reading {
  kind: LineKind;
  facts: readonly LogFact[];
  /** The next line is to be read whatever it holds. */
  wantsNext: boolean;
}

/** As dmesg prints a line, and journalctl and syslog do. */
const prefix =
  /^(?:(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:?\d{2}) ([\w.-]{1,64}) kernel: )?\[[ \d]{5}\d{0,5}\.\d{6}\] /;
const most = 2048;
const longest = 400;

export class Repeats {
  readonly #known = new Map<string, Reading>();
  #host: string | undefined;
  #length = 0;
  #message: string | undefined;

  /** @returns what the same message meant before */
  find(text: string): Reading | undefined {
    this.#message = undefined;
    if (text.length > longest) return undefined;
    const m = prefix.exec(text);
    if (!m) return undefined;
    const { length } = m[0];
    if (length !== this.#length || m[1] !== this.#host) {
      this.#known.clear();
      this.#length = length;
      this.#host = m[1];
    }
    this.#message = text.slice(length);
    return this.#known.get(this.#message);
  }

  /** For the line that was asked for last. */
  keep(reading: Reading): void {
    if (this.#message === undefined) return;
    if (this.#known.size >= most) this.#known.clear();
    // A copy, which keeps no piece of the file in memory.
    this.#known.set(` ${this.#message}`.slice(1), reading);
  }
}
