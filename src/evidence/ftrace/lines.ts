/** Cuts a stream of text into lines in constant memory. */

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
