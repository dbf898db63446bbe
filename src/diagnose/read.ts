/** One file of a case, piece by piece, into the casebook. */
import { FactReader, type LineKind, lineKind } from '../evidence/log/facts.ts';
import { LogScan } from '../evidence/log/scan.ts';
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
  readonly #kinds = new Map<LineKind, number>();
  #bytes = 0;
  #binary = 0;

  constructor(file: string, book: Casebook) {
    this.#file = file;
    this.#facts = new FactReader(({ fact, line, text }) => book.add(fact, { file, line, text: utf8(text) }));
    this.#scan = new LogScan(
      interestingWords(),
      (text, line) => {
        this.#judge(text);
        return this.#facts.line(text, line);
      },
      sample,
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

  #judge(text: string): void {
    const kind = lineKind(text);
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
