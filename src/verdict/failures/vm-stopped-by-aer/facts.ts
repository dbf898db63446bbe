/** Gathers, once, what the rules ask about: faults, AER reports, guests and traffic of one variant. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { PciFunctionRecord } from '../../../evidence/record.ts';
import type { AerFault } from '../../../faults/aer/schema.ts';
import type { VariantPlan } from '../../../lab/plan.ts';
import type { RunFacts } from '../../facts.ts';
import { happenedSince } from '../../time.ts';
import { cutReports, explainReport, type Report } from './episodes.ts';
import { type GuestFacts, guestFacts } from './guests.ts';
import { tracedCalls } from './handlers.ts';
import { isHeld } from './holders.ts';
import { functionsAt } from './walk.ts';

export interface FaultFacts {
  id: string;
  fault: AerFault;
  injected: Recorded<'injected'> | undefined;
  /** Last proof of each stage. */
  proof: Recorded<'proof'> | undefined;
  healed: Recorded<'proof'> | undefined;
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
  const explained = cutReports(hostKernel).map((report) =>
    explainReport(report, { harness, features, heldBy }),
  );
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
  facts.faults = plannedFaults(plan).map((id) => faultFacts(facts, id));
  facts.guests = plan.guests.map((guest) => guestFacts(facts, guest.id));
  return facts;
}

function plannedFaults(plan: VariantPlan): string[] {
  const injected = plan.phases.flatMap((phase) =>
    phase.actions.flatMap((a) => (a.do === 'inject' ? [a.fault] : [])),
  );
  return injected.length > 0 ? injected : Object.keys(plan.faults);
}

function faultFacts(facts: AerFacts, id: string): FaultFacts {
  const fault = facts.plan.faults[id]!;
  const injected = ofKind(facts.harness, 'injected').find((event) => event.fault === id);
  const proofs = ofKind(facts.harness, 'proof').filter((event) => event.fault === id);
  const bdf = facts.functions.find((fn) => fn.name === fault.target)?.bdf;
  const report = injected && facts.reports.find((r) => isReportOf(r, fault, bdf, injected));
  return {
    id,
    fault,
    injected,
    proof: proofs.findLast((event) => event.stage === 'injected'),
    healed: proofs.findLast((event) => event.stage === 'healed'),
    bdf,
    report,
  };
}

function isReportOf(
  report: Report,
  fault: AerFault,
  bdf: string | undefined,
  injected: Recorded<'injected'>,
): boolean {
  const first = report.observations[0];
  if (first?.kind !== 'report' || first.severity !== fault.severity) return false;
  if (report.source !== bdf) return false;
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
