/** Where a piece of evidence stands: every event keeps it, so that a verdict can point at a line. */

export interface SourceLine {
  /** Name inside the variant's folder, e.g. `host.serial`. */
  file: string;
  /** 1-based line number in that file. */
  line: number;
  /** The line as recorded, without its newline and without the harness's time prefix. */
  text: string;
  /** Machine that the file belongs to. */
  machine: string;
  /** Harness time of arrival in seconds; present in files with a time prefix. */
  arrived?: number;
}

/** Longest piece of one line that parsers look at; a hostile log may hold one line of gigabytes. */
const longestLine = 8192;

/** Splits text at newlines, cheaply and without keeping a trailing empty line. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const timePrefix = /^(\d{1,9}\.\d{1,9}) /;

/**
 * Lines of a file with the harness's time prefix (`12.345678 raw bytes`), see record.ts. A line without the
 * prefix is kept, without `arrived`: a customer's log has none.
 */
export function timedLines(file: string, machine: string, content: string): SourceLine[] {
  return splitLines(content).map((recorded, index) => {
    const cut = recorded.slice(0, longestLine);
    const prefix = timePrefix.exec(cut);
    const source: SourceLine = { file, machine, line: index + 1, text: cut };
    if (prefix) {
      source.text = cut.slice(prefix[0].length);
      source.arrived = Number(prefix[1]);
    }
    return source;
  });
}

/** Lines of a file without time prefix (`*.dmesg`, snapshots). */
export function plainLines(file: string, machine: string, content: string): SourceLine[] {
  return splitLines(content).map((text, index) => ({
    file,
    machine,
    line: index + 1,
    text: text.slice(0, longestLine),
  }));
}
