/** Cuts a stream into lines in constant memory. */

/** What is kept of one line; a hostile file may be one line of gigabytes. */
const longestLine = 8192;

/** @returns the lines of the pieces, in order; a line cut at the end of the input comes last. */
export class LineCutter {
  #rest = '';

  /** The lines that this piece completes. */
  push(piece: string): string[] {
    const lines = piece.split('\n');
    const first = this.#rest + lines[0]!;
    if (lines.length === 1) {
      this.#keep(first);
      return [];
    }
    lines[0] = first;
    this.#keep(lines.pop()!);
    for (let i = 0; i < lines.length; i += 1)
      if (lines[i]!.length > longestLine) lines[i] = lines[i]!.slice(0, longestLine);
    return lines;
  }

  end(): string[] {
    return this.#rest === '' ? [] : [this.#rest];
  }

  #keep(rest: string): void {
    this.#rest = rest.length > longestLine ? rest.slice(0, longestLine) : rest;
  }
}

const newline = 10;
const nothing = new Uint8Array(0);

/** @returns false: no more lines are wanted */
export type OnLine = (bytes: Uint8Array, from: number, to: number) => boolean;

/** The same of bytes, with no object for a line: it is handed out as a range, good until the call returns. */
export class LineRanges {
  #rest = nothing;
  readonly #onLine: OnLine;

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  /** The lines that this piece completes. @returns false when no more are wanted */
  push(piece: Uint8Array): boolean {
    // A plain array of bytes, whatever class the piece is of: the engine is fast with one.
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(newline, at);
      if (end < 0) break;
      if (!(at === 0 ? this.#first(bytes, end) : this.#line(bytes, at, end))) return false;
      at = end + 1;
    }
    this.#keep(bytes.subarray(at));
    return true;
  }

  /** The line that the end of the input cut, if any. */
  end(): void {
    if (this.#rest.length > 0) this.#onLine(this.#rest, 0, this.#rest.length);
  }

  /** The end of a line that began in the pieces before. */
  #first(bytes: Uint8Array, end: number): boolean {
    if (this.#rest.length === 0) return this.#line(bytes, 0, end);
    this.#keep(bytes.subarray(0, end));
    const whole = this.#rest;
    this.#rest = nothing;
    return this.#line(whole, 0, whole.length);
  }

  #line(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#onLine(bytes, from, Math.min(to, from + longestLine));
  }

  #keep(more: Uint8Array): void {
    const taken = more.subarray(0, longestLine - this.#rest.length);
    const both = new Uint8Array(this.#rest.length + taken.length);
    both.set(this.#rest);
    both.set(taken, this.#rest.length);
    this.#rest = both;
  }
}
