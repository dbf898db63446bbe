/** That the host's kernel reported the errors which the harness injected. */
import type { Confirm, Confirmation } from '../../../findings/faults.ts';
import { ofKernel } from '../../../pointers.ts';
import type { Evidence } from '../../../types.ts';
import type { AerFacts, FaultFacts } from '../facts.ts';
import { label } from '../facts.ts';
import type { Report } from '../report.ts';

/** Lines of the report that name the error: port line, device, status, bits. */
export function reportLines(report: Report): Evidence[] {
  const named = ['aer-report', 'aer-device', 'aer-status', 'aer-bit', 'aer-tlp', 'aer-no-details'];
  const lines = report.lines.filter((line) => named.includes(line.event.kind));
  return [...(report.injected ? [report.injected] : []), ...lines].map(ofKernel);
}

/** Of an injection that the harness proved: does the host's kernel say the same? */
export function confirmFault(facts: AerFacts): Confirm {
  return ({ fault: id, occurrence }) => {
    const fact = facts.faults.find((f) => f.id === id && f.occurrence === occurrence);
    return fact && confirmation(facts, fact);
  };
}

function confirmation(facts: AerFacts, { id, fault, report }: FaultFacts): Confirmation {
  if (!report) {
    const undated = facts.reports.some((r) => Number.isNaN(r.t));
    const why = undated ? 'its reports cannot be placed in time' : 'no report of its log is this error';
    return { unconfirmed: `the host kernel does not confirm fault ${id}: ${why}`, evidence: [] };
  }
  const evidence = reportLines(report);
  if (report.observations.some((o) => o.kind === 'no-details' || (o.kind === 'report' && o.noDetails)))
    return {
      unconfirmed: `the kernel found no details for fault ${id}, so it handled nothing`,
      evidence,
    };
  return {
    what: `${fault.error} (${fault.severity}) on ${label(facts, report.source)}`,
    how: `Injected by ${fault.via === 'kernel' ? "the kernel's aer_inject" : "QEMU's device model"}.`,
    evidence,
  };
}
