/** The verdict of one variant, from its plan and its stored files alone: the same folder, the same verdict. */
import type { VariantPlan } from '../lab/plan.ts';
import { causalChain } from './chain.ts';
import { gatherFacts, type RunFacts } from './facts.ts';
import { faultFindings } from './findings/fault.ts';
import { guestFindings, predictedStops, wasStoppedByAer } from './findings/guests.ts';
import { infrastructureFindings } from './findings/infrastructure.ts';
import { kernelFindings } from './findings/kernel.ts';
import { recoveryFindings } from './findings/recovery.ts';
import { trafficFindings } from './findings/traffic.ts';
import type { GuestFacts } from './guests.ts';
import { isBack, remedyEffect, remedyFindings } from './remedy.ts';
import type { Finding, FindingId, Verdict, VerdictWord } from './types.ts';

export interface StoredRun {
  plan: VariantPlan;
  /** Content of a file of the variant's folder by its name (`host.serial`), undefined where there is none. */
  files: (name: string) => string | undefined;
}

/** Judges a stored variant. Pure; never throws on bad evidence: what cannot be told is `inconclusive`. */
export function judge(run: StoredRun): Verdict {
  const facts = gatherFacts(run.plan, run.files);
  const stopped = facts.guests.filter(wasStoppedByAer);
  const downForGood = new Set(stopped.filter((guest) => !isBack(facts, guest)).map((guest) => guest.id));
  // A guest that a remedy should bring back is judged by its traffic; one that stays stopped is not.
  const silentGuests = new Set([...downForGood].filter((id) => !stopped.find((g) => g.id === id)?.resume));
  const all: Finding[] = [
    ...infrastructureFindings(facts),
    ...faultFindings(facts),
    ...guestFindings(facts),
    ...recoveryFindings(facts),
    ...remedyFindings(facts, stopped),
    ...trafficFindings(facts, silentGuests),
    ...kernelFindings(facts),
  ];
  const findings = withoutConsequences(all);
  const { verdict, reason } = decide(facts, findings, stopped);
  const remedy = remedyEffect(facts, verdict, stopped);
  const chain = verdict === 'inconclusive' ? [] : causalChain(facts, stopped);
  const differences = compare(facts, findings, verdict, remedy);
  return {
    verdict,
    reason,
    findings,
    chain,
    ...(remedy === undefined ? {} : { remedy }),
    asExpected: differences.length === 0,
    differences,
  };
}

/** In a run that broke, what is missing is missing because it broke: one reason is enough. */
function withoutConsequences(findings: readonly Finding[]): Finding[] {
  const causes: readonly FindingId[] = ['run-broke', 'emulator-broke'];
  if (!findings.some((finding) => finding.id === 'run-broke')) return [...findings];
  return findings.filter((finding) => finding.severity !== 'infrastructure' || causes.includes(finding.id));
}

interface Decision {
  verdict: VerdictWord;
  reason: string;
}

function decide(facts: RunFacts, findings: readonly Finding[], stopped: readonly GuestFacts[]): Decision {
  const broken = findings.find((finding) => finding.severity === 'infrastructure');
  if (broken) return { verdict: 'inconclusive', reason: broken.title };
  const predicted = predictedStops(facts);
  const owners = stopped.filter((guest) => predicted.has(guest.id));
  if (owners.length > 0) {
    const who = owners.map((guest) => guest.id).join(', ');
    return { verdict: 'reproduced', reason: `An error report on the host made QEMU stop ${who}` };
  }
  // Whatever else went wrong is another failure than the one this lab is about: neither there nor clean.
  const wrong = findings.find((finding) => finding.severity === 'error');
  if (wrong)
    return { verdict: 'inconclusive', reason: `Not this failure, but not clean either: ${wrong.title}` };
  return { verdict: 'clean', reason: 'The fault took effect, every guest lives, and all traffic works' };
}

function compare(
  { plan }: RunFacts,
  findings: readonly Finding[],
  verdict: VerdictWord,
  remedy: Verdict['remedy'],
): string[] {
  const { expect } = plan;
  const differences: string[] = [];
  if (verdict !== expect.verdict) differences.push(`expected ${expect.verdict}, found ${verdict}`);
  if (expect.remedy !== undefined && expect.remedy !== remedy) {
    differences.push(
      `expected the remedy to have ${expect.remedy}, found ${remedy ?? 'no effect that can be told'}`,
    );
  }
  for (const id of expect.findings) {
    if (!findings.some((finding) => finding.id === id))
      differences.push(`expected the finding ${id}, not there`);
  }
  return differences;
}
