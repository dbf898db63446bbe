/** Cuts the host's kernel log into AER reports and lets the model explain each. */
import type { Recorded } from '../../../evidence/harness.ts';
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import type { KernelFact } from '../../../evidence/kernel-log/parse.ts';
import { explain } from '../../../model/aer/explain.ts';
import type { Observation } from '../../../model/aer/observation.ts';
import { predict } from '../../../model/aer/predict.ts';
import type { Episode } from '../../../model/aer/types.ts';
import type { KernelFeatures } from '../../../model/features.ts';
import type { Report } from './report.ts';
import { bridgeOf, functionsAt, walkBelow } from './walk.ts';

/** A driver's lines that the model places; `PF still resetting` also comes from its own timers. */
const governed = [
  'detected-normal',
  'detected-frozen',
  'detected-failure',
  'slot-reset',
  'cannot-re-enable',
  'vf-caused-error',
] as const;

/**
 * All reports of a kernel log, in order, not yet explained. Each root port has a thread of its own that handles its
 * errors one after the other (drivers/pci/pcie/aer.c, aer_isr()), so that the lines of one port are in order, and those
 * of several are mixed.
 * @param rootOf the root port above a function; left out: all lines are one port's
 */
export function cutReports(
  kernel: readonly DatedKernelEvent[],
  rootOf: (bdf: string) => string | undefined = () => undefined,
): Report[] {
  const reports: Report[] = [];
  const controllers = new Map<string, string>();
  const opened = new Map<string | undefined, Report>();
  let injected: DatedKernelEvent | undefined;
  for (const dated of kernel) {
    const { event } = dated;
    if (event.kind === 'nvme-controller') controllers.set(event.controller, event.device);
    if (event.kind === 'aer-injected') injected = dated;
    const observed = observationOf(event, controllers);
    if (!observed) continue;
    const about = functionOf(event, observed);
    const root = about === undefined ? undefined : rootOf(about);
    let open = opened.get(root);
    if (event.kind === 'aer-report') {
      open = emptyReport(dated, event.source, event.port);
      if (injected) open.injected = injected;
      injected = undefined;
      reports.push(open);
      opened.set(root, open);
    }
    if (!open || !belongs(open, observed)) {
      // Lines of a report whose port line is missing: a report of their own, which the model will refuse.
      if (!isDetail(observed)) continue;
      const device = 'device' in observed ? observed.device : '';
      open = emptyReport(dated, device, '');
      reports.push(open);
      opened.set(root, open);
    }
    open.origin.push(open.lines.length);
    open.lines.push(dated);
    open.observations.push(observed);
    if (observed.kind === 'device') open.sources += 1;
    if (observed.kind === 'end') open.ends += 1;
  }
  return reports;
}

/** The function or port that a line is about. */
function functionOf(fact: KernelFact, observed: Observation): string | undefined {
  if ('port' in fact) return fact.port;
  if ('bridge' in fact) return fact.bridge;
  return 'device' in observed ? observed.device : undefined;
}

function emptyReport({ t, error }: DatedKernelEvent, source: string, port: string): Report {
  return { t, error, source, port, lines: [], origin: [], observations: [], sources: 0, ends: 0 };
}

function isDetail(o: Observation): boolean {
  return o.kind === 'device' || o.kind === 'end' || o.kind === 'cannot-recover' || o.kind === 'reset-failed';
}

/** After the end of a report with one source nothing belongs to it any more, but a second end is its fault. */
function belongs(report: Report, o: Observation): boolean {
  return report.ends === 0 || report.sources > 1 || o.kind === 'end';
}

function observationOf(fact: KernelFact, controllers: ReadonlyMap<string, string>): Observation | undefined {
  switch (fact.kind) {
    case 'aer-report':
      return { kind: 'report', source: fact.source, severity: fact.severity, noDetails: fact.noDetails };
    case 'aer-no-details':
      return { kind: 'no-details' };
    case 'aer-device':
      return {
        kind: 'device',
        device: fact.device,
        severity: fact.severity,
        inaccessible: fact.inaccessible,
      };
    case 'aer-status':
      return { kind: 'status', device: fact.device };
    case 'aer-bit':
      return { kind: 'bit', device: fact.device };
    case 'aer-tlp':
      return { kind: 'tlp', device: fact.device };
    case 'aer-first-agent':
      return { kind: 'first-agent', device: fact.device };
    case 'aer-broadcast':
      return { kind: 'broadcast', stage: fact.step };
    case 'aer-cannot-recover':
      return { kind: 'cannot-recover', device: fact.device, why: fact.why };
    case 'aer-link-inactive':
      return { kind: 'link-inactive' };
    case 'aer-reset':
      return { kind: 'reset', result: fact.result };
    case 'aer-reset-failed':
      return { kind: 'reset-failed' };
    case 'aer-end':
      return { kind: 'end', recovered: fact.recovered };
    case 'driver-says': {
      const what = governed.find((g) => g === fact.what);
      return what && { kind: 'driver', device: controllers.get(fact.device) ?? fact.device, what };
    }
    default:
      return undefined;
  }
}

export interface EpisodeContext {
  harness: readonly Recorded[];
  features: KernelFeatures;
  /** Guest that holds the named function at harness time `t`. */
  heldBy: (name: string, t: number) => string | undefined;
}

/** Seconds within which two errors of one source can have met: the kernel takes the second up right after the first. */
const meeting = 2;

/** @param before the report before it of the same root port */
function isRepeat(before: Report, report: Report): boolean {
  const last = before.lines.at(-1)?.t ?? before.t;
  return before.source === report.source && report.t - last <= meeting + report.error + before.error;
}

/**
 * Gives a report its walk, its explanation and its prediction.
 * @param neighbours the reports before and after it of the same root port
 */
export function explainReport(
  report: Report,
  context: EpisodeContext,
  [before, after]: readonly [(Report | undefined)?, (Report | undefined)?] = [],
): Report {
  const functions = functionsAt(context.harness, report.t);
  const bridge = bridgeOf(functions, report.source);
  const first = report.observations[0];
  if (bridge === undefined || first?.kind !== 'report') return report;
  const episode: Episode = {
    severity: first.severity,
    source: report.source,
    port: report.port,
    bridge,
    walk: walkBelow(functions, bridge, (name) => context.heldBy(name, report.t)),
    features: context.features,
    ...(before && isRepeat(before, report) ? { repeated: true } : {}),
    ...(after && isRepeat(report, after) ? { followed: true } : {}),
  };
  return {
    ...report,
    episode,
    explanation: explain(episode, report.observations),
    prediction: predict(
      episode,
      report.observations.some((o) => o.kind === 'reset' && o.result === 0),
    ),
  };
}
