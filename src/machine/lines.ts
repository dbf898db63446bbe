/** Bytes to lines, whatever the chunks: no byte is lost or changed, and only a newline ends a line. */

const newline = 0x0a;

export class LineSplitter {
  #rest: Uint8Array[] = [];

  /** The lines that these bytes complete, without their newline. */
  push(bytes: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      lines.push(this.#take(bytes.subarray(from, at)));
      from = at + 1;
    }
    // Copied: the caller may use its buffer again.
    if (from < bytes.length) this.#rest.push(Uint8Array.from(bytes.subarray(from)));
    return lines;
  }

  /** The bytes after the last newline, which are then forgotten; empty if there are none. */
  flush(): Uint8Array {
    return this.#take(new Uint8Array());
  }

  #take(end: Uint8Array): Uint8Array {
    const line = Buffer.concat([...this.#rest, end]);
    this.#rest = [];
    return line;
  }
}
