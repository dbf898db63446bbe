/** One pass over a trace of the vectors: is every event possible, and what stood at the moments asked for. */
import { markerOf } from '../../evidence/ftrace/marker.ts';
import { readVectorText } from '../../evidence/ftrace/vectors.ts';
import { splitLines } from '../../evidence/source.ts';
import type { KernelFeatures } from '../../model/features.ts';
import { seededMatrix } from '../../model/vector/state.ts';
import type { MatrixState } from '../../model/vector/types.ts';
import type { Evidence } from '../types.ts';
import { TraceCheck, type TraceSummary } from '../vectors.ts';
import { type Holding, SlotLedger } from './ledger.ts';

export const vectorsFile = 'host.vectors';

/** The matrix and its holders right after the marker of a moment. */
export interface MatrixMoment {
  /** 1-based line of the marker. */
  line: number;
  /** The last event of the matrix before it. */
  matrixLine: number;
  state: MatrixState;
  /** After each event of the matrix up to the marker that ends the moment, where it has one. */
  later: MatrixState[];
  holdings: Map<number, Holding>;
}

/** A moment is short; what moves meanwhile is little. */
const mostLater = 1000;

/** The matrix had no bit for an irq: `irq_matrix_reserve_managed` or `irq_matrix_alloc` answered −28. */
export interface Refusal {
  line: number;
  irq: number;
  what: 'reserve-managed' | 'alloc';
  /** Totals right before it; undefined where they are not known. */
  available: number | undefined;
  allocated: number | undefined;
  /** The last event of the matrix before it. */
  matrixLine: number;
}

/** An irq was given up for good. */
export interface Release {
  line: number;
  irq: number;
}

export interface TraceReading {
  summary: TraceSummary;
  /** By the marker's id. */
  moments: Map<string, MatrixMoment>;
  refusals: Refusal[];
  releases: Release[];
  /** A line of the trace as evidence. */
  at: (line: number) => Evidence;
}

const ENOSPC = -28;
const refused: Record<string, Refusal['what']> = { alloc: 'alloc', reserve_managed: 'reserve-managed' };

/**
 * @param markers ids of the markers at which to look
 * @param ends by such an id, that of the marker which ends the moment
 */
export function readTrace(
  content: string,
  markers: ReadonlySet<string>,
  kernel: KernelFeatures,
  ends: ReadonlyMap<string, string> = new Map(),
): TraceReading {
  const lines = splitLines(content);
  const check = new TraceCheck(kernel);
  const ledger = new SlotLedger();
  const moments = new Map<string, MatrixMoment>();
  const refusals: Refusal[] = [];
  const releases: Release[] = [];
  let possible = true;
  let matrixLine = 0;
  let open: { moment: MatrixMoment; end: string } | undefined;
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    // After an impossible event nothing is known of the matrix any more.
    possible &&= check.line(text);
    const id = markerOf(text);
    if (id !== undefined && markers.has(id)) {
      // Events that wait for others of their time have them all by now.
      possible &&= check.end();
      const state = possible ? check.state : seededMatrix();
      const moment = { line, matrixLine, state, later: [], holdings: ledger.holdings() };
      moments.set(id, moment);
      const end = ends.get(id);
      open = end === undefined ? undefined : { moment, end };
    }
    if (open && id === open.end) open = undefined;
    const read = readVectorText(text);
    if (!read) continue;
    ledger.read(read, line);
    if (read.type === 'matrix') {
      matrixLine = line;
      if (open && possible && open.moment.later.length < mostLater) open.moment.later.push(check.state);
    }
    if (read.type !== 'vector') continue;
    const { name, fields } = read.event;
    const irq = fields.irq!;
    if (name === 'teardown') releases.push({ line, irq });
    const what = refused[name];
    if (what && fields.ret === ENOSPC) {
      const { globalAvailable: available, totalAllocated: allocated } = check.state;
      refusals.push({ line, irq, what, available, allocated, matrixLine });
    }
  }
  check.end();
  if (possible) check.end();
  const at = (line: number): Evidence => ({
    file: vectorsFile,
    line,
    text: (lines[line - 1] ?? '').slice(0, 400).trim(),
    machine: 'host',
  });
  return { summary: check.summary, moments, refusals, releases, at };
}
