/** One recording held against the model: what was foretold, and what the model would not have allowed. */
import { kernelFeatures, kernelVersion } from '../src/model/features.ts';
import { type Share, TraceCheck, type TraceSummary } from '../src/verdict/vectors.ts';

export interface Measure {
  /** `irq_matrix:*` and `irq_vectors:vector_*` events. */
  events: number;
  counters: Share;
  bits: Share;
  cpus: Share;
  mismatches: Mismatch[];
  /** Events that the kernel says it lost, and lines that could not be read. */
  lost: number;
  gaps: number;
}

export interface Mismatch {
  line: number;
  text: string;
  departures: string[];
}

/**
 * A mismatch leaves no state to go on with; the next event begins anew, as a trace that begins there.
 * @param kernel its release; undefined: each kernel's behaviour is allowed.
 * @param most mismatches after which it ends.
 */
export function measure(lines: readonly string[], kernel?: string, most = 100): Measure {
  const version = kernel === undefined ? undefined : kernelVersion(kernel);
  const features = version && kernelFeatures(version);
  const total: Measure = {
    events: 0,
    counters: { of: 0, predicted: 0 },
    bits: { of: 0, predicted: 0 },
    cpus: { of: 0, predicted: 0 },
    mismatches: [],
    lost: 0,
    gaps: 0,
  };
  let from = 0;
  while (from < lines.length && total.mismatches.length < most) {
    const check = new TraceCheck(features);
    let at = from;
    while (at < lines.length && check.line(lines[at]!)) at += 1;
    check.end();
    add(total, check.summary, from);
    // It is found out at the next time at which something happened.
    from = check.summary.impossible ? from + check.summary.impossible.line : at + 1;
  }
  return total;
}

function add(total: Measure, summary: TraceSummary, linesBefore: number): void {
  total.events += summary.matrixEvents + summary.vectorEvents;
  for (const share of ['counters', 'bits', 'cpus'] as const) {
    total[share].of += summary[share].of;
    total[share].predicted += summary[share].predicted;
  }
  total.lost += summary.lostEvents;
  // Where the part before ended in a mismatch, this one begins in the middle: no gap of the recording.
  total.gaps += summary.gaps.filter(({ why }) => linesBefore === 0 || why !== 'begins-in-the-middle').length;
  const { impossible } = summary;
  if (!impossible) return;
  total.mismatches.push({
    line: linesBefore + impossible.line,
    text: impossible.text,
    departures: impossible.departures.map(
      ({ rule, field, got, allowed }) => `${rule}: ${field}=${got}, the model allows ${allowed}`,
    ),
  });
}
