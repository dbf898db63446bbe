/** An event of a trace where it stands; a string is made of it only where it is shown or waits. */
import type { LineBytes } from '../evidence/ftrace/bytes.ts';
import type { VectorLine } from '../evidence/ftrace/vectors.ts';
import type { TracedLine } from './same-time.ts';

type Read = Extract<VectorLine, { event: unknown }>;

export class EventLine implements TracedLine {
  readonly read: Read;
  readonly number: number;
  readonly #line: LineBytes;
  readonly #above: LineBytes;

  /** @param above the event before it */
  constructor(read: Read, number: number, line: LineBytes, above: LineBytes) {
    this.read = read;
    this.number = number;
    this.#line = line;
    this.#above = above;
  }

  get executing(): number | undefined {
    return this.read.event.executing;
  }

  get text(): string {
    return this.#line.text;
  }

  get above(): string {
    return this.#above.text;
  }
}
