/** From events to the lines that a verdict points at. */
import type { Recorded } from '../evidence/harness.ts';
import type { DatedKernelEvent, DatedStderr } from '../evidence/history.ts';
import type { QmpEvent } from '../evidence/qmp.ts';
import type { SourceLine } from '../evidence/source.ts';
import type { Evidence } from './types.ts';

/** Longest quotation of a line. */
const longest = 400;

export function ofLine(line: SourceLine, t?: number, error?: number): Evidence {
  const evidence: Evidence = {
    file: line.file,
    line: line.line,
    text: line.text.slice(0, longest).trimEnd(),
    machine: line.machine,
  };
  const when = t ?? line.arrived;
  if (when !== undefined && Number.isFinite(when)) evidence.t = when;
  if (error !== undefined && Number.isFinite(error) && error > 0) evidence.error = error;
  return evidence;
}

export function ofKernel({ event, t, error }: DatedKernelEvent): Evidence {
  return ofLine(event.at, t, error);
}

export function ofHarness(event: Recorded): Evidence {
  return ofLine(event.at, event.t);
}

export function ofQmp(event: QmpEvent): Evidence {
  return ofLine(event.at, event.t);
}

export function ofStderr({ event, t, error }: DatedStderr): Evidence {
  return ofLine(event.at, t, error);
}
