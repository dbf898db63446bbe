/**
 * A trace of the vector matrix and the x86 vector domain against the model, line by line and in constant memory: what
 * was explained and foretold, what is not known and why, and the first event that the kernel cannot have produced.
 */
import { bytesOf, holds, LineBytes, textOf } from '../evidence/ftrace/bytes.ts';
import { looksLikeTrace } from '../evidence/ftrace/line.ts';
import type { MatrixProbe } from '../evidence/ftrace/probes.ts';
import { type MatrixEvent, readVectorLine, type VectorEvent } from '../evidence/ftrace/vectors.ts';
import { hintsFor, stepMatrix } from '../model/domain/matrix.ts';
import { stepProbe } from '../model/domain/probe.ts';
import { type Domain, forget, type Irq, newDomain, type Section, stir } from '../model/domain/state.ts';
import { stepVector } from '../model/domain/vector.ts';
import { type KernelFeatures, kernelFeatures, kernelVersion } from '../model/features.ts';
import { startMatrix, step } from '../model/vector/matrix.ts';
import { seededMatrix } from '../model/vector/state.ts';
import type { Departure, Event, MatrixState } from '../model/vector/types.ts';
import { EventLine } from './event-line.ts';
import { SameTime, timeOf } from './same-time.ts';
import { hintsOfKernel, type KernelHints } from './vector-kernel.ts';
import { emptyTally, type Tally, tally } from './vector-tally.ts';

export type { Share } from './vector-tally.ts';

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
  event: MatrixEvent | VectorEvent | MatrixProbe;
  departures: readonly Departure[];
  /** The state right before it. */
  before: MatrixState;
  /** The interrupt that it names, right before it. */
  irq: Irq | undefined;
  /** The event above it is of a later time: the lines are not in the order in which things happened. */
  outOfOrder: boolean;
}

export interface TraceSummary extends Tally {
  lines: number;
  /** Some line is ftrace's. */
  isTrace: boolean;
  /** `irq_matrix:*` events held against the model. */
  matrixEvents: number;
  /** `irq_vectors:vector_*` events, likewise. */
  vectorEvents: number;
  /** Probes on the matrix: the masks, and what dying CPUs did. */
  probes: number;
  /** The release that the trace itself names. */
  kernel: string | undefined;
  /** The first event is the first of a booting kernel, and nothing was missed since. */
  sinceBoot: boolean;
  /** CPUs that died unseen. */
  diedUnseen: number;
  /** The first gaps, at most {@link keptGaps}; `gapCount` is all of them. */
  gaps: Gap[];
  gapCount: number;
  /** Sum of what the kernel said was lost. */
  lostEvents: number;
  impossible?: ImpossibleEvent;
}

const linuxVersion = bytesOf('Linux version ');

const keptGaps = 20;

export class TraceCheck {
  readonly summary: TraceSummary = {
    lines: 0,
    isTrace: false,
    matrixEvents: 0,
    vectorEvents: 0,
    probes: 0,
    kernel: undefined,
    sinceBoot: false,
    ...emptyTally(),
    diedUnseen: 0,
    gaps: [],
    gapCount: 0,
    lostEvents: 0,
  };
  #state: MatrixState | undefined;
  #domain: Domain | undefined;
  #kernel: KernelHints;
  readonly #isKernelGiven: boolean;
  /** Possible only if a CPU died unseen right before it: the next event of the matrix tells. */
  #suspect: ImpossibleEvent | undefined;
  /** The last event's line. */
  #above = new LineBytes(new Uint8Array(0));
  /** The first of the events that wait, and why. */
  #departed: ImpossibleEvent | undefined;
  readonly #order = new SameTime<EventLine>((line) => this.#accept(line));

  /** @param kernel undefined: what the trace tells, else every kernel's behaviour is allowed. */
  constructor(kernel?: KernelFeatures) {
    this.#isKernelGiven = kernel !== undefined;
    this.#kernel = hintsOfKernel(kernel ?? kernelFeatures(undefined));
  }

  /** The state after the last line. */
  get state(): MatrixState {
    return this.#state ?? seededMatrix();
  }

  /** @returns false when an impossible event was found, here or before: nothing after it can be judged. */
  line(text: string): boolean {
    const bytes = bytesOf(text);
    return this.range(bytes, 0, bytes.length);
  }

  /** The same of a line that is a part of a piece. */
  range(bytes: Uint8Array, from: number, to: number): boolean {
    const { summary } = this;
    summary.lines += 1;
    const read = readVectorLine(bytes, from, to);
    if (!read) {
      this.#other(bytes, from, to);
      return true;
    }
    if (read.type !== 'unreadable') summary.isTrace = true;
    if ('event' in read) {
      const above = this.#above;
      this.#above = new LineBytes(bytes, from, to);
      return this.#order.push(new EventLine(read, summary.lines, this.#above, above)) || this.#refuse();
    }
    if (!this.end()) return false;
    if (read.type === 'lost') this.#gap('lost-events', read.count);
    else if (read.name.startsWith('irq_matrix')) this.#gap('unreadable-line', 0);
    else this.#unreadable();
    return true;
  }

  /** There are no more lines. @returns as {@link line}. */
  end(): boolean {
    return this.#order.end() || this.#refuse();
  }

  /** @returns whether the event is possible now; if so, it has happened. */
  #accept(line: EventLine): boolean {
    const { read } = line;
    switch (read.type) {
      case 'matrix':
        return this.#matrix(read.event, line);
      case 'vector':
        return this.#vector(read.event, line);
      case 'probe':
        return this.#probe(read.event, line);
    }
  }

  #matrix(event: MatrixEvent, line: EventLine): boolean {
    const { summary } = this;
    const before = this.#begin(event);
    const domain = this.#domainOf();
    const told = hintsFor(domain, event);
    const ofKernel = this.#kernel.of(event, before);
    const hints = ofKernel ? { ...told, ...ofKernel } : told;
    const { state, verdict } = step(before, event satisfies Event, hints);
    let { departures } = verdict;
    let foretold: boolean | undefined;
    if (departures.length === 0)
      ({ departures, foretold } = stepMatrix(domain, event, before.globalReserved));
    if (departures.length > 0 || (this.#suspect && verdict.diedUnseen === 0))
      return this.#depart(departures, line);
    this.#suspect = undefined;
    this.#state = state;
    summary.matrixEvents += 1;
    if (verdict.diedUnseen > 0) {
      summary.diedUnseen += verdict.diedUnseen;
      stir(domain);
    }
    tally(summary, { event, verdict, hints, foretold, unknown: state.unknown ?? before.unknown });
    return true;
  }

  #vector(event: VectorEvent, line: EventLine): boolean {
    const { departures, ifNoneDied } = stepVector(this.#domainOf(), event, this.state);
    if (departures.length > 0) return this.#depart(departures, line);
    this.summary.vectorEvents += 1;
    if (ifNoneDied) this.#suspect ??= this.#impossible(ifNoneDied, line);
    return true;
  }

  #probe(event: MatrixProbe, line: EventLine): boolean {
    const outcome = stepProbe(this.#domainOf(), event, this.state);
    if (outcome && outcome.departures.length > 0) return this.#depart(outcome.departures, line);
    this.summary.probes += 1;
    if (outcome) this.#state = outcome.state;
    return true;
  }

  #begin(event: MatrixEvent): MatrixState {
    if (this.#state) return this.#state;
    const { summary } = this;
    const state = startMatrix(event);
    this.#state = state;
    summary.sinceBoot = state.sinceBoot;
    // Before the first event of a booting matrix there is no interrupt, and no other event.
    if (state.sinceBoot && !this.#domain) this.#domain = newDomain(true);
    if (!state.sinceBoot) this.#remember({ line: summary.lines, why: 'begins-in-the-middle', lost: 0 });
    return state;
  }

  #domainOf(): Domain {
    this.#domain ??= newDomain(false);
    return this.#domain;
  }

  /** The event is impossible where it stands; it may be possible after others of its time. */
  #depart(departures: readonly Departure[], line: EventLine): false {
    const { first = line } = this.#order;
    if (line.number <= first.number) this.#departed = this.#suspect ?? this.#impossible(departures, line);
    return false;
  }

  #refuse(): false {
    const { summary } = this;
    if (summary.impossible) return false;
    summary.impossible = this.#departed!;
    if ('fields' in summary.impossible.event) summary.vectorEvents += 1;
    else if ('onlineMaps' in summary.impossible.event) summary.matrixEvents += 1;
    return false;
  }

  #impossible(departures: readonly Departure[], line: EventLine): ImpossibleEvent {
    const { event } = line.read;
    const { number: at, text, above } = line;
    const domain = this.#domainOf();
    const section = event.executing === undefined ? undefined : domain.sections[event.executing];
    const number = 'fields' in event ? event.fields.irq : section && workedOn(section);
    const irq = number === undefined ? undefined : domain.irqs.get(number);
    return {
      line: at,
      text,
      event,
      departures,
      before: this.state,
      irq: irq && { ...irq },
      outOfOrder: Number(timeOf(above)) > Number(timeOf(text)),
    };
  }

  /** What was known of the matrix is not known any more. */
  #gap(why: Gap['why'], lost: number): void {
    const { summary } = this;
    summary.lostEvents += lost;
    // Before the first event a gap takes nothing away but the right to say "since boot".
    this.#state = seededMatrix();
    this.#unreadable();
    summary.sinceBoot = false;
    this.#remember({ line: summary.lines, why, lost });
  }

  /** An event of the interrupts that cannot be read: the matrix goes on, they are learnt anew. */
  #unreadable(): void {
    this.#suspect = undefined;
    this.#departed = undefined;
    forget(this.#domainOf());
  }

  /** A kernel log around the trace names the kernel. */
  #other(bytes: Uint8Array, from: number, to: number): void {
    const { summary } = this;
    if (!summary.isTrace) summary.isTrace = looksLikeTrace(textOf(bytes, from, to));
    if (this.#isKernelGiven || summary.kernel !== undefined || !holds(bytes, from, to, linuxVersion)) return;
    const text = textOf(bytes, from, to);
    const at = text.indexOf('Linux version ');
    const [release = '', ...rest] = text.slice(at + 14, at + 400).split(' ');
    const version = kernelVersion(release, rest.join(' '));
    if (!version) return;
    summary.kernel = release;
    this.#kernel = hintsOfKernel(kernelFeatures(version));
  }

  #remember(gap: Gap): void {
    this.summary.gapCount += 1;
    if (this.summary.gaps.length < keptGaps) this.summary.gaps.push(gap);
  }
}

/** The interrupt that an event of the matrix is for, as far as its CPU's events tell. */
function workedOn({ held, activating }: Section): number | undefined {
  if (held) return 'irq' in held ? held.irq : undefined;
  return activating?.due ? activating.irq : undefined;
}
