/** Looks at one interrupt line during a storm: `<uptime, s> <interrupts by CPU, with commas> <count> <unhandled>`, one a line. */
import { splitLines } from './source.ts';

export interface LineLook {
  /** 1-based line in its file. */
  line: number;
  text: string;
  /** Seconds of the machine's uptime. */
  t: number;
  /** All CPUs together. */
  interrupts: number;
  count: number;
  unhandled: number;
}

const look = /^(\d{1,9}\.\d{1,9}) (\d{1,12}(?:,\d{1,12}){0,8191}) (\d{1,10}) (\d{1,10})\s*$/;

/** In the order of the file; a line that is none is left out. Never throws. */
export function parseLineSamples(text: string): LineLook[] {
  return splitLines(text).flatMap((line, index) => {
    const m = look.exec(line.slice(0, 65536));
    if (!m) return [];
    const interrupts = m[2]!.split(',').reduce((sum, count) => sum + Number(count), 0);
    return [
      {
        ...{ line: index + 1, text: line.slice(0, 400), t: Number(m[1]), interrupts },
        ...{ count: Number(m[3]), unhandled: Number(m[4]) },
      },
    ];
  });
}
