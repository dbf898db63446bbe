/** One line of a terminal that is written over while a search runs; nothing where there is no terminal. */
import type { Progress } from '../explore/space.ts';

interface Terminal {
  write(text: string): void;
  /** 0 when it is not a terminal. */
  columns(): number;
}

export function liveProgress(err: Terminal): { tell(text: string): void; clear(): void } {
  const width = err.columns() - 1;
  const over = (text: string, end = '') => {
    if (width > 0) err.write(`\r${text.padEnd(width).slice(0, width)}${end}`);
  };
  return { tell: (text) => over(text), clear: () => over('', '\r') };
}

export function progressText({ states, depth, memoryBytes, seconds }: Progress): string {
  const rate = seconds > 0 ? Math.round(states / seconds) : 0;
  return `${states} states, depth ${depth}, ${rate} states/s, ${Math.round(memoryBytes / 2 ** 20)} MiB`;
}
