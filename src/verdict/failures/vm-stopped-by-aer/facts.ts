/** Gathers, once, what the rules ask about: faults, AER reports, guests and traffic of one variant. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { PciFunctionRecord } from '../../../evidence/record.ts';
import type { AerFault } from '../../../faults/aer/schema.ts';
import type { RunFacts } from '../../facts.ts';
import { type PlannedInjection, plannedInjections } from '../../planned.ts';
import { happenedSince } from '../../time.ts';
import { cutReports, explainReport } from './episodes.ts';
import { type GuestFacts, guestFacts } from './guests.ts';
import { tracedCalls } from './handlers.ts';
import { isHeld } from './holders.ts';
import type { Report } from './report.ts';
import { functionsAt, rootPorts } from './walk.ts';

export interface FaultFacts {
  id: string;
  occurrence: number;
  fault: AerFault;
  injected: Recorded<'injected'> | undefined;
  /** BDF of its target on the host. */
  bdf: string | undefined;
  /** The kernel's report that is this fault: right source, right severity, right time. */
  report: Report | undefined;
}

export interface AerFacts extends RunFacts {
  faults: FaultFacts[];
  /** Harness time of the first injection; infinite when nothing was injected. */
  faultTime: number;
  /** All AER reports of the host's kernel, in order. */
  reports: Report[];
  guests: GuestFacts[];
  functions: readonly PciFunctionRecord[];
}

export function aerFacts(run: RunFacts): AerFacts {
  const { plan, harness, features, hostKernel, qmp } = run;
  const heldBy = (name: string, t: number): string | undefined =>
    plan.guests.find((guest) => isHeld(plan, guest.id, name, qmp.get(guest.id) ?? [], t))?.id;
  const cut = cutReports(hostKernel, rootPorts(harness));
  const explained = cut.map((report, i) => {
    const before = cut.slice(0, i).findLast(({ port }) => port === report.port);
    const after = cut.slice(i + 1).find(({ port }) => port === report.port);
    return explainReport(report, { harness, features, heldBy }, [before, after]);
  });
  const calls = tracedCalls(explained, run.history.events);
  const reports = explained.map((report, i): Report => ({ ...report, calls: calls[i] ?? [] }));
  const faultTime = Math.min(...ofKind(harness, 'injected').map((event) => event.t0));
  const facts: AerFacts = {
    ...run,
    faults: [],
    faultTime,
    reports,
    guests: [],
    functions: functionsAt(harness, faultTime),
  };
  facts.faults = plannedInjections(plan).flatMap((injection) => faultFacts(facts, injection));
  facts.guests = plan.guests.map((guest) => guestFacts(facts, guest.id));
  return facts;
}

function faultFacts(facts: AerFacts, { fault: id, occurrence }: PlannedInjection): FaultFacts[] {
  const fault = facts.plan.faults[id];
  if (fault?.kind !== 'aer') return [];
  const injected = ofKind(facts.harness, 'injected').find(
    (event) => event.fault === id && (event.occurrence ?? 0) === occurrence,
  );
  const bdf = facts.functions.find((fn) => fn.name === fault.target)?.bdf;
  const report = injected && facts.reports.find((r) => isReportOf(r, fault, bdf, injected));
  return [{ id, occurrence, fault, injected, bdf, report }];
}

function isReportOf(
  report: Report,
  fault: AerFault,
  bdf: string | undefined,
  injected: Recorded<'injected'>,
): boolean {
  const first = report.observations[0];
  if (first?.kind !== 'report' || first.severity !== fault.severity) return false;
  // Several errors that meet are one report, which names the first source on its port line and all in its details.
  const named =
    report.sources > 1 && report.observations.some((o) => o.kind === 'device' && o.device === bdf);
  if (report.source !== bdf && !named) return false;
  return happenedSince(report.t, report.error, injected.t0);
}

/** `nic0 (0000:01:00.0)`, or the address alone for a function that the plan does not name. */
export function label(facts: AerFacts, bdf: string): string {
  const found = facts.functions.find((fn) => fn.bdf === bdf);
  return found ? `${found.name} (${bdf})` : bdf;
}

/** `nic0`, or the address of a function that the plan does not name. */
export function nameOf(facts: AerFacts, bdf: string): string {
  return facts.functions.find((fn) => fn.bdf === bdf)?.name ?? bdf;
}
