/** Findings about the faults themselves: proved or not, and what the recovery came to. */

import { ofHarness, ofKernel } from '../../../pointers.ts';
import type { Evidence, Finding } from '../../../types.ts';
import type { Report } from '../episodes.ts';
import type { AerFacts, FaultFacts } from '../facts.ts';
import { label } from '../facts.ts';

export function faultFindings(facts: AerFacts): Finding[] {
  if (facts.faults.length === 0) return [unproved('the plan injects no fault', [])];
  return facts.faults.flatMap((fault) => [proof(facts, fault), ...healing(fault)]);
}

/** Lines of the report that name the error: port line, device, status, bits. */
export function reportLines(report: Report): Evidence[] {
  const named = ['aer-report', 'aer-device', 'aer-status', 'aer-bit', 'aer-tlp', 'aer-no-details'];
  const lines = report.lines.filter((line) => named.includes(line.event.kind));
  return [...(report.injected ? [report.injected] : []), ...lines].map(ofKernel);
}

function proof(facts: AerFacts, fact: FaultFacts): Finding {
  const { id, fault, injected, proof: proved, report } = fact;
  if (!injected) return unproved(`fault ${id} was never injected`, []);
  const evidence = [ofHarness(injected), ...(proved ? [ofHarness(proved)] : [])];
  if (!proved) return unproved(`fault ${id} was injected, but nothing was done to prove it`, evidence);
  if (!proved.proved) return unproved(`fault ${id} took no effect: ${proved.because.join('; ')}`, evidence);
  if (!report) {
    const undated = facts.reports.some((r) => Number.isNaN(r.t));
    const why = undated ? 'its reports cannot be placed in time' : 'no report of its log is this error';
    return unproved(`the host kernel does not confirm fault ${id}: ${why}`, evidence);
  }
  if (report.observations.some((o) => o.kind === 'no-details' || (o.kind === 'report' && o.noDetails))) {
    return unproved(`the kernel found no details for fault ${id}, so it handled nothing`, [
      ...evidence,
      ...reportLines(report),
    ]);
  }
  return {
    id: 'fault-proved',
    severity: 'info',
    title: `${fault.error} (${fault.severity}) on ${label(facts, report.source)} took effect`,
    text: `Injected by ${fault.via === 'kernel' ? "the kernel's aer_inject" : "QEMU's device model"}. ${proved.because.join('; ')}.`,
    evidence: [...evidence, ...reportLines(report)],
    rule: 'FAULT-PROVED',
  };
}

function unproved(why: string, evidence: Evidence[]): Finding {
  return {
    id: 'fault-unproved',
    severity: 'infrastructure',
    title: `The fault is not proved: ${why}`,
    text: 'Without a fault that took effect, neither a failure nor its absence means anything.',
    evidence,
    rule: 'FAULT-PROVED',
  };
}

function healing({ id, healed }: FaultFacts): Finding[] {
  if (!healed || healed.proved) return [];
  return [
    {
      id: 'status-left-set',
      severity: 'warning',
      title: `Error status of ${id} is still set after healing`,
      text: `${healed.because.join('; ')}. The next error would be blamed on the same function.`,
      evidence: [ofHarness(healed)],
      rule: 'FAULT-HEALED',
    },
  ];
}
