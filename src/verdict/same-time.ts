/**
 * Events of several CPUs that carry one time may stand in any order: ftrace's global clock gives a CPU that lags the
 * time of the event before it on another CPU, and the reader prints equal times by CPU number. An event that is
 * impossible where it stands waits for the others of its time. Source: kernel/trace/trace_clock.c trace_clock_global,
 * kernel/trace/trace.c __find_next_entry.
 */

export interface TracedLine {
  /** 1-based. */
  number: number;
  /** Asked for lines that wait. */
  readonly text: string;
  executing: number | undefined;
}

/** The time stands before the event's name: seconds, or the count of `trace_clock=counter`. */
const stamp = / (\d{1,20}(?:\.\d{1,9})?): (?:irq_matrix|vector|matrix_probe)_/;

/** Undefined: the line shows none. */
export function timeOf(text: string): string | undefined {
  return stamp.exec(text)?.[1];
}

/** More events of one time are no accident of a clock. */
const most = 4096;

export class SameTime<T extends TracedLine> {
  readonly #accept: (line: T) => boolean;
  #waiting: T[] = [];
  #time: string | undefined;

  /** @param accept whether the event is possible now; if so, it has happened. */
  constructor(accept: (line: T) => boolean) {
    this.#accept = accept;
  }

  /** @returns false when no order of the events explains them: {@link first} is impossible. */
  push(line: T): boolean {
    if (this.#waiting.length > 0 && timeOf(line.text) !== this.#time && !this.end()) return false;
    const isBehind = this.#waiting.some(({ executing }) => executing === line.executing);
    if (!isBehind && this.#accept(line)) {
      if (this.#waiting.length > 0) this.#retry();
      return true;
    }
    this.#time = timeOf(line.text);
    this.#waiting.push(line);
    return this.#time !== undefined && line.executing !== undefined && this.#waiting.length < most;
  }

  /** No more events of that time come. @returns as {@link push}. */
  end(): boolean {
    if (this.#waiting.length > 0) this.#retry();
    return this.#waiting.length === 0;
  }

  get first(): T | undefined {
    return this.#waiting[0];
  }

  /** Of each CPU the first that waits may be possible by now. */
  #retry(): void {
    for (let done = false; !done; ) {
      done = true;
      const stuck = new Set<number | undefined>();
      this.#waiting = this.#waiting.filter((line) => {
        if (stuck.has(line.executing)) return true;
        if (this.#accept(line)) {
          done = false;
          return false;
        }
        stuck.add(line.executing);
        return true;
      });
    }
  }
}
