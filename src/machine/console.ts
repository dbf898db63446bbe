/**
 * A console: a serial port or a QEMU's stderr. Every byte is recorded (line format of
 * `src/evidence/record.ts`), the last lines are kept for error messages, and one can wait for a line.
 */
import { isUtf8 } from 'node:buffer';
import { LineSplitter } from './lines.ts';
import { type Clock, type Sink, stamp } from './record.ts';
import { Waiters } from './waiters.ts';

export interface ConsoleLine {
  /** Position in the console, counted from 0. */
  index: number;
  /** When its newline arrived, seconds. */
  t: number;
  /** Without the carriage returns at its end. */
  text: string;
}

export interface WaitForLineOptions {
  /**
   * Where to look: from the first line kept (default), only at lines that come after the call, or from a
   * {@link MachineConsole.mark}.
   */
  from?: 'start' | 'now' | number;
  signal?: AbortSignal;
}

/** Lines kept in memory. A Debian kernel writes some 700 while it boots. */
const defaultKeepLines = 20_000;

export class MachineConsole {
  readonly #splitter = new LineSplitter();
  readonly #waiters = new Waiters<ConsoleLine>();
  readonly #clock: Clock;
  readonly #sink: Sink;
  readonly #write: ((text: string) => void) | undefined;
  readonly #keepLines: number;
  #lines: ConsoleLine[] = [];
  #next = 0;
  #ended = false;

  constructor(options: { clock: Clock; sink: Sink; write?: (text: string) => void; keepLines?: number }) {
    this.#clock = options.clock;
    this.#sink = options.sink;
    this.#write = options.write;
    this.#keepLines = options.keepLines ?? defaultKeepLines;
  }

  /** Takes what arrived. Throws what the sink throws. */
  receive(bytes: Uint8Array): void {
    const t = this.#clock();
    for (const raw of this.#splitter.push(bytes)) this.#line(t, raw, true);
  }

  /** No more bytes come: the unfinished last line is recorded, without a newline. Can be called twice. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const rest = this.#splitter.flush();
    if (rest.length > 0) this.#line(this.#clock(), rest, false);
  }

  /** Everybody who waits is told why nothing more can come, and so is whoever waits later. */
  fail(error: Error): void {
    this.#waiters.fail(error);
  }

  /** The index that the next line will have. */
  mark(): number {
    return this.#next;
  }

  /** The lines kept, oldest first. */
  get lines(): readonly ConsoleLine[] {
    return this.#lines;
  }

  /** The last lines, oldest first, empty ones left out. */
  lastLines(count = 15): string[] {
    return this.#lines
      .filter(({ text }) => text.trim() !== '')
      .slice(-count)
      .map(({ text }) => text);
  }

  /**
   * The first line that matches. Only whole lines match.
   * @throws the signal's reason; or, when the machine is gone, the error that says so.
   */
  waitForLine(regex: RegExp, { from = 'start', signal }: WaitForLineOptions = {}): Promise<ConsoleLine> {
    if (regex.global || regex.sticky)
      throw new TypeError(`${regex} remembers where it stopped: no g or y flag`);
    const first = from === 'now' ? this.#next : from === 'start' ? 0 : from;
    const matches = (line: ConsoleLine) => line.index >= first && regex.test(line.text);
    return this.#waiters.wait(matches, this.#lines, signal);
  }

  /** Types into the console. */
  write(text: string): void {
    if (!this.#write) throw new TypeError('this console takes no input');
    this.#write(text);
  }

  #line(t: number, raw: Uint8Array, ended: boolean): void {
    this.#sink(Buffer.concat([Buffer.from(`${stamp(t)} `), raw, Buffer.from(ended ? '\n' : '')]));
    const line = { index: this.#next++, t, text: decode(raw).replace(/\r+$/, '') };
    this.#lines.push(line);
    if (this.#lines.length > this.#keepLines)
      this.#lines = this.#lines.slice(-Math.ceil(this.#keepLines / 2));
    this.#waiters.offer(line);
  }
}

/** UTF-8 where it is, else one character a byte: a console can hold anything. */
function decode(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString(isUtf8(raw) ? 'utf8' : 'latin1');
}
