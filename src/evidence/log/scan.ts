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

/** Asked for a line that is wanted. @returns its newline, when it is dealt with already, or −1 */
export type Follower = (text: string, from: number, line: number) => number;

export class LogScan {
  readonly #find: Finder;
  readonly #read: LineReader;
  readonly #all: number;
  readonly #follow: Follower;
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
  constructor(find: Finder, read: LineReader, all = 200, follow: Follower = () => -1) {
    this.#find = find;
    this.#read = read;
    this.#all = all;
    this.#follow = follow;
  }

  push(piece: string): void {
    let at = 0;
    if (this.#dropping) {
      at = piece.indexOf('\n') + 1;
      if (at === 0) return;
      this.#dropping = false;
    }
    const last = piece.lastIndexOf('\n') + 1;
    if (last > at && this.#rest !== '') {
      // The line that the pieces share is a text of its own: two texts put together are slow to search.
      const first = piece.indexOf('\n', at) + 1;
      const line = this.#rest + piece.slice(at, first);
      this.#rest = '';
      this.#scan(line, 0, line.length);
      at = first;
    }
    if (last > at) this.#scan(piece, at, last);
    this.#keep(this.#rest + piece.slice(Math.max(at, last)));
  }

  end(): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') this.#scan(`${line}\n`, 0, line.length + 1);
  }

  #keep(rest: string): void {
    this.#rest = rest;
    if (rest.length <= longestLine) return;
    this.#scan(`${rest.slice(0, longestLine)}\n`, 0, longestLine + 1);
    this.#rest = '';
    this.#dropping = true;
    this.cut += 1;
  }

  /** @param to behind the last newline that counts */
  #scan(text: string, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#wantsNext) {
        const end = this.#follow(text, at, this.lines + 1);
        if (end >= 0) {
          this.lines += 1;
          at = end + 1;
          continue;
        }
      }
      if (this.#wantsNext || this.lines < this.#all) {
        at = this.#readLine(text, at);
        continue;
      }
      const found = this.#find(text, at);
      const isHit = found >= 0 && found < to;
      at = this.#skipTo(text, at, isHit ? found : to);
      if (isHit) at = this.#readLine(text, at);
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
