/**
 * Goes through a text of any size in constant memory and hands out the lines worth parsing. One search for all words over
 * each piece finds them, so that a log with nothing in it costs one scan; a line that opens a
 * block (a crash print, an lspci listing) gets the lines behind it too.
 */

/** What is looked at of one line; a hostile file may be one line of gigabytes. */
export const longestLine = 1 << 16;

/** @returns true: hand out the next line as well, whatever it holds */
export type LineReader = (text: string, line: number) => boolean;

/** @returns a place in the first line behind `from` that is to be read, or −1 */
export type Finder = (text: string, from: number) => number;

export class LogScan {
  readonly #find: Finder;
  readonly #read: LineReader;
  readonly #all: number;
  #rest = '';
  /** Behind `longestLine` of a line: what follows up to its end is dropped. */
  #dropping = false;
  #wantsNext = false;
  lines = 0;
  /** Lines of which only the beginning was looked at. */
  cut = 0;

  /**
   * @param all lines at the beginning that are read whatever they hold, to see what the file is
   */
  constructor(find: Finder, read: LineReader, all = 200) {
    this.#find = find;
    this.#read = read;
    this.#all = all;
  }

  push(piece: string): void {
    let text = piece;
    if (this.#dropping) {
      const end = text.indexOf('\n');
      if (end < 0) return;
      text = text.slice(end + 1);
      this.#dropping = false;
    }
    const last = text.lastIndexOf('\n');
    if (last < 0) {
      this.#keep(this.#rest + text);
      return;
    }
    this.#scan(this.#rest + text.slice(0, last + 1));
    this.#rest = '';
    this.#keep(text.slice(last + 1));
  }

  end(): void {
    if (this.#rest !== '') this.#scan(`${this.#rest}\n`);
    this.#rest = '';
  }

  #keep(rest: string): void {
    this.#rest = rest;
    if (rest.length <= longestLine) return;
    this.#scan(`${rest.slice(0, longestLine)}\n`);
    this.#rest = '';
    this.#dropping = true;
    this.cut += 1;
  }

  /** @param text whole lines */
  #scan(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#wantsNext || this.lines < this.#all) {
        at = this.#readLine(text, at);
        continue;
      }
      const hit = this.#find(text, at);
      at = this.#skipTo(text, at, hit < 0 ? text.length : hit);
      if (hit >= 0) at = this.#readLine(text, at);
    }
  }

  /** Counts the lines up to the one that holds `hit`. @returns where that one begins */
  #skipTo(text: string, from: number, hit: number): number {
    let at = from;
    for (;;) {
      const end = text.indexOf('\n', at);
      if (end < 0 || end >= hit) return at;
      at = end + 1;
      this.lines += 1;
    }
  }

  #readLine(text: string, at: number): number {
    const end = text.indexOf('\n', at);
    this.lines += 1;
    if (end - at > longestLine) this.cut += 1;
    this.#wantsNext = this.#read(text.slice(at, Math.min(end, at + longestLine)), this.lines);
    return end + 1;
  }
}
