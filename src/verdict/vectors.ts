/**
 * A trace of the vector matrix against the model, line by line and in constant memory: what was explained and
 * foretold, what is not known, and the first event that the kernel cannot have produced.
 */
import { looksLikeTrace } from '../evidence/ftrace/line.ts';
import { type MatrixEvent, readVectorLine, type VectorEvent } from '../evidence/ftrace/vectors.ts';
import { type Links, linkMatrix, linkVector } from '../model/vector/link.ts';
import { startMatrix, step } from '../model/vector/matrix.ts';
import { seededMatrix } from '../model/vector/state.ts';
import type { Departure, Event, MatrixState } from '../model/vector/types.ts';

/** `{ of: 10, predicted: 9 }`: of ten, nine had exactly one value that the model allowed, and it was that. */
export interface Share {
  of: number;
  predicted: number;
}

/** What is missing before a line, or begins there. */
export interface Gap {
  line: number;
  why: 'begins-in-the-middle' | 'lost-events' | 'unreadable-line';
  /** Events that the kernel says were lost; 0: it does not say. */
  lost: number;
}

export interface ImpossibleEvent {
  /** 1-based. */
  line: number;
  text: string;
  event: MatrixEvent | VectorEvent;
  departures: readonly Departure[];
  /** The state right before it. */
  before: MatrixState;
}

export interface TraceSummary {
  lines: number;
  /** Some line is ftrace's. */
  isTrace: boolean;
  /** `irq_matrix:*` events held against the model. */
  matrixEvents: number;
  /** `irq_vectors:vector_*` events: held against the matrix events beside them, not against their own order. */
  vectorEvents: number;
  /** The first event is the first of a booting kernel, and nothing was missed since. */
  sinceBoot: boolean;
  /** Events of which every counter was foretold. */
  counters: Share;
  /** Operations that choose a bit. */
  bits: Share;
  /** Unmanaged allocations whose CPU the model picks when any online CPU may be taken; the others had a narrower mask. */
  cpus: Share;
  /** CPUs that died unseen. */
  diedUnseen: number;
  /** The first gaps, at most {@link keptGaps}; `gapCount` is all of them. */
  gaps: Gap[];
  gapCount: number;
  /** Sum of what the kernel said was lost. */
  lostEvents: number;
  impossible?: ImpossibleEvent;
}

const keptGaps = 20;

export class TraceCheck {
  readonly summary: TraceSummary = {
    lines: 0,
    isTrace: false,
    matrixEvents: 0,
    vectorEvents: 0,
    sinceBoot: false,
    counters: { of: 0, predicted: 0 },
    bits: { of: 0, predicted: 0 },
    cpus: { of: 0, predicted: 0 },
    diedUnseen: 0,
    gaps: [],
    gapCount: 0,
    lostEvents: 0,
  };
  #state: MatrixState | undefined;
  readonly #links: Links = new Map();

  /** The state after the last line. */
  get state(): MatrixState {
    return this.#state ?? seededMatrix();
  }

  /** @returns false when an impossible event was found: nothing after it can be judged. */
  line(text: string): boolean {
    const { summary } = this;
    summary.lines += 1;
    const read = readVectorLine(text);
    if (!read) {
      if (!summary.isTrace) summary.isTrace = looksLikeTrace(text);
      return true;
    }
    if (read.type !== 'unreadable') summary.isTrace = true;
    switch (read.type) {
      case 'vector':
        summary.vectorEvents += 1;
        return this.#accept(linkVector(this.#links, read.event), read.event, text);
      case 'lost':
        this.#gap('lost-events', read.count);
        return true;
      case 'unreadable':
        if (read.name.startsWith('irq_matrix')) this.#gap('unreadable-line', 0);
        return true;
      case 'probe':
        return true;
      case 'matrix':
        return this.#matrix(read.event, text);
    }
  }

  #matrix(event: MatrixEvent, text: string): boolean {
    const { summary } = this;
    if (!this.#state) {
      this.#state = startMatrix(event);
      summary.sinceBoot = this.#state.sinceBoot;
      if (!summary.sinceBoot) this.#remember({ line: summary.lines, why: 'begins-in-the-middle', lost: 0 });
    }
    const before = this.#state;
    summary.matrixEvents += 1;
    const { state, verdict } = step(before, event satisfies Event);
    const departures =
      verdict.departures.length > 0
        ? verdict.departures
        : linkMatrix(this.#links, event, before.globalReserved);
    if (!this.#accept(departures, event, text)) return false;
    this.#state = state;
    summary.diedUnseen += verdict.diedUnseen;
    add(summary.counters, verdict.counters);
    add(summary.bits, verdict.bit);
    add(summary.cpus, verdict.bestCpu);
    return true;
  }

  #accept(departures: readonly Departure[], event: MatrixEvent | VectorEvent, text: string): boolean {
    if (departures.length === 0) return true;
    const { summary } = this;
    summary.impossible = { line: summary.lines, text, event, departures, before: this.state };
    return false;
  }

  /** What was known of the matrix is not known any more. */
  #gap(why: Gap['why'], lost: number): void {
    const { summary } = this;
    summary.lostEvents += lost;
    // Before the first event a gap takes nothing away but the right to say "since boot".
    this.#state = seededMatrix();
    this.#links.clear();
    summary.sinceBoot = false;
    this.#remember({ line: summary.lines, why, lost });
  }

  #remember(gap: Gap): void {
    this.summary.gapCount += 1;
    if (this.summary.gaps.length < keptGaps) this.summary.gaps.push(gap);
  }
}

function add(share: Share, predicted: boolean | undefined): void {
  if (predicted === undefined) return;
  share.of += 1;
  if (predicted) share.predicted += 1;
}
