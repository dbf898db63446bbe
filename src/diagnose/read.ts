/** One file of a case, piece by piece, into the casebook. */
import { FactReader, type LineKind, type LogFact, lineKind } from '../evidence/log/facts.ts';
import { type Reading, Repeats } from '../evidence/log/repeats.ts';
import { LogScan } from '../evidence/log/scan.ts';
import { WordSearch } from '../evidence/log/word-search.ts';
import { interestingWords } from '../evidence/log/words.ts';
import type { Casebook } from './casebook.ts';
import type { FileRead } from './types.ts';

/** Lines at the beginning by which a file's kind is judged. */
const sample = 200;

const names: Readonly<Record<LineKind, string>> = {
  kernel: 'kernel log',
  journal: 'journal or syslog',
  interrupts: '/proc/interrupts',
  lspci: 'lspci',
  qemu: 'QEMU log',
  matrix: 'crash print of vector_matrix',
  trace: 'ftrace',
  other: 'text',
};

export class CaseFile {
  readonly #file: string;
  readonly #scan: LogScan;
  readonly #facts: FactReader;
  readonly #book: Casebook;
  #words: WordSearch | undefined;
  readonly #repeats = new Repeats();
  /** Of the line that is being read. */
  #found: LogFact[] = [];
  /** The line to come is looked at only because the one before it was a repeat. */
  #isGuess = false;
  readonly #kinds = new Map<LineKind, number>();
  #bytes = 0;
  #binary = 0;

  constructor(file: string, book: Casebook) {
    this.#file = file;
    this.#book = book;
    this.#facts = new FactReader(({ fact, line, text }) => {
      this.#found.push(fact);
      book.add(fact, () => ({ file, line, text: utf8(text) }));
    });
    this.#scan = new LogScan(
      (text, from) => this.#search(text).next(text, from),
      (text, line) => this.#read(text, line),
      sample,
      (text, from, line) => this.#follow(text, from, line),
    );
  }

  /** @param piece one character a byte (latin1) */
  push(piece: string): void {
    this.#bytes += piece.length;
    if (this.#scan.lines < sample) this.#binary += countBinary(piece.slice(0, 65536));
    this.#scan.push(piece);
  }

  end(partial?: string): FileRead {
    this.#scan.end();
    this.#facts.end();
    const kinds = [...this.#kinds].filter(([kind]) => kind !== 'other').sort((a, b) => b[1] - a[1]);
    const read: FileRead = {
      file: this.#file,
      kinds: kinds.map(([kind]) => names[kind]),
      lines: this.#scan.lines,
      bytes: this.#bytes,
    };
    const problems = [
      ...(partial === undefined ? [] : [partial]),
      ...(this.#scan.cut > 0
        ? [`${this.#scan.cut} lines are longer than 64 KiB; their ends were not read`]
        : []),
      ...(this.#binary > 32 ? ['it holds binary data; what text is in it was read'] : []),
    ];
    if (problems.length > 0) read.partial = problems.join('; ');
    return read;
  }

  /** Behind a repeat the next one is likely, and finding that out is cheaper than a search for words. */
  #read(text: string, line: number): boolean {
    const isGuess = this.#isGuess;
    this.#isGuess = false;
    if (this.#facts.inBlock) return this.#readNew(text, line).wantsNext;
    const known = this.#repeats.find(text);
    if (known) {
      this.#again(known, line, isGuess, () => text);
      return true;
    }
    if (isGuess && this.#search(text).next(text) < 0) {
      this.#repeats.keep({ kind: undefined, facts: [], wantsNext: false, isPlain: true });
      return false;
    }
    const reading = this.#readNew(text, line);
    if (!this.#facts.inBlock) this.#repeats.keep(reading);
    return reading.wantsNext;
  }

  /** @returns the newline of a line that repeats what came last time behind the one before it, or −1 */
  #follow(text: string, from: number, line: number): number {
    if (this.#facts.inBlock) return -1;
    const known = this.#repeats.follows(text, from);
    if (!known) return -1;
    const { end } = this.#repeats;
    this.#again(known, line, this.#isGuess, () => text.slice(from, end));
    return end;
  }

  /** @param isGuess nothing but the line before it says that it is worth a look */
  #again(known: Reading, line: number, isGuess: boolean, text: () => string): void {
    // Read at the beginning of the file, where every line is; here it would not be.
    const isPassed = known.isPlain && isGuess;
    if (known.kind && !isPassed) this.#count(known.kind);
    if (!isPassed)
      for (const fact of known.facts)
        this.#book.add(fact, () => ({ file: this.#file, line, text: utf8(text()) }));
    this.#isGuess = (isPassed || !known.wantsNext) && line >= sample;
  }

  #readNew(text: string, line: number): Reading {
    // A copy: a part of a piece would keep the whole piece in memory.
    const own = ` ${text}`.slice(1);
    this.#found = [];
    const kind = lineKind(own);
    this.#count(kind);
    const isPlain = line <= sample && this.#search(text).next(text) < 0;
    return { kind, wantsNext: this.#facts.line(own, line), facts: this.#found, isPlain };
  }

  /** Made for the first text that is searched: the rest will be like it. */
  #search(text: string): WordSearch {
    this.#words ??= new WordSearch(interestingWords, text.slice(0, 65536));
    return this.#words;
  }

  #count(kind: LineKind): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }
}

function countBinary(piece: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that no log holds are what is counted
  return piece.match(/[\x00-\x06\x0e-\x1a]/g)?.length ?? 0;
}

/** The line as its writer meant it, where it is UTF-8. */
function utf8(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Uint8Array.from(latin1, (c) => c.charCodeAt(0) & 0xff);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return latin1;
  }
}
