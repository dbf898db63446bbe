/** Ties the trace's handler calls to the report that caused them. */
import type { HistoryEvent } from '../../../evidence/history.ts';
import type { SourceLine } from '../../../evidence/source.ts';
import type { HandlerResult, TraceEvent } from '../../../evidence/trace.ts';
import { checkHandlers, type HandlerDeparture } from '../../../model/aer/handlers.ts';
import type { WalkedFunction } from '../../../model/aer/types.ts';
import { ofLine } from '../../pointers.ts';
import type { Evidence } from '../../types.ts';
import type { Report, TracedCall } from './report.ts';

interface DatedTrace {
  event: TraceEvent;
  t: number;
  error: number;
}

/** A handler is entered this much later than its port line is dated, at most, when nothing else bounds it. */
const slack = 0.05;

/**
 * Calls of each report: those between its port line and the next one's. Without a clock for the trace, a
 * single report takes them all and several take none; so do reports that are too close in time to be told apart.
 */
export function tracedCalls(reports: readonly Report[], history: readonly HistoryEvent[]): TracedCall[][] {
  const trace = history.flatMap((event): DatedTrace[] => (event.from === 'trace' ? [event] : []));
  return reports.map((report, i) => {
    const next = reports[i + 1];
    if (reports.some((other, j) => j !== i && meet(report, other))) return [];
    const own = trace.filter(({ t, error }) => {
      if (!Number.isFinite(error)) return reports.length === 1;
      const begins = t + error + report.error + slack >= report.t;
      return begins && (next === undefined || t - error < next.t - slack);
    });
    return calls(own, report.episode?.walk ?? []);
  });
}

/** Whether a call may be either's, as far as the clocks tell. */
function meet(a: Report, b: Report): boolean {
  const from = (r: Report) => r.t - r.error - slack;
  const to = (r: Report) => (r.lines.at(-1)?.t ?? r.t) + r.error + slack;
  return from(a) < to(b) && from(b) < to(a);
}

function calls(trace: readonly DatedTrace[], walk: readonly WalkedFunction[]): TracedCall[] {
  const found: TracedCall[] = [];
  for (const { event, t, error } of trace) {
    if (event.kind === 'handler-entered') {
      const bdf = walk.find((fn) => devfnOf(fn.bdf) === event.devfn && fn.driver === event.driver)?.bdf;
      found.push({ bdf, driver: event.driver, stage: event.stage, entered: point(event.at, t, error) });
    } else if (event.kind === 'handler-answered') {
      const open = found.findLast((call) => call.stage === event.stage && call.driver === event.driver);
      if (open && open.result === undefined)
        Object.assign(open, answer(event.result, point(event.at, t, error)));
    }
  }
  return found;
}

function answer(result: HandlerResult, answered: Evidence): Pick<TracedCall, 'result' | 'answered'> {
  return { result, answered };
}

function point(at: SourceLine, t: number, error: number): Evidence {
  return ofLine(at, t, error);
}

/** `0000:01:10.2` → 0x82. */
function devfnOf(bdf: string): number {
  const m = /:([0-9a-f]{2})\.([0-7])$/.exec(bdf);
  return m ? Number.parseInt(m[1]!, 16) * 8 + Number(m[2]) : -1;
}

/** Where the trace departs from the model; undefined when it does not, or when there is nothing to compare. */
export function departure(report: Report, lost: boolean): HandlerDeparture | undefined {
  if (!report.episode || !report.calls || report.calls.length === 0) return undefined;
  const failed = report.observations.filter((o) => o.kind === 'end' && !o.recovered).length;
  const found = checkHandlers(report.episode, report.calls, report.ends, failed);
  // A ring that lost events may miss a call; one that is there and wrong is wrong all the same.
  return lost && found?.index === report.calls.length ? undefined : found;
}
