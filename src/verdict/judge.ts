/**
 * The verdict of one variant, from its plan and its stored files alone: the same folder, the same verdict. Here is
 * what holds for every failure; what is the failure's own is in `failures/`.
 */
import type { VariantPlan } from '../lab/plan.ts';
import { type Files, gatherFacts, type RunFacts } from './facts.ts';
import type { Account } from './failure.ts';
import { failures } from './failures/index.ts';
import { faultFindings } from './findings/faults.ts';
import { infrastructureFindings } from './findings/infrastructure.ts';
import { interruptFindings } from './findings/interrupts.ts';
import { invariantFindings } from './findings/invariants.ts';
import { kernelFindings } from './findings/kernel.ts';
import type { Finding, FindingId, Verdict, VerdictWord } from './types.ts';

export interface StoredRun {
  plan: VariantPlan;
  files: Files;
}

/** Judges a stored variant. Pure; never throws on bad evidence: what cannot be told is `inconclusive`. */
export function judge({ plan, files }: StoredRun): Verdict {
  const facts = gatherFacts(plan, files);
  const account = failures[plan.failure](facts);
  const findings = withoutConsequences([
    ...infrastructureFindings(facts),
    ...faultFindings(facts, account.confirm),
    ...invariantFindings(facts),
    ...account.findings,
    ...kernelFindings(facts, account.since, account.explains),
    ...interruptFindings(facts),
  ]);
  const { verdict, reason } = decide(findings, account, plan);
  const remedy = remedyEffect(facts, verdict, account);
  const differences = compare(facts, findings, verdict, remedy);
  return {
    verdict,
    reason,
    findings,
    chain: verdict === 'inconclusive' ? [] : account.chain(findings),
    ...(account.disks ? { disks: account.disks } : {}),
    ...(account.race ? { race: account.race } : {}),
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

function decide(
  findings: readonly Finding[],
  { happened, everyError, cleanBecause }: Account,
  { expect }: VariantPlan,
): { verdict: VerdictWord; reason: string } {
  const broken = findings.find((finding) => finding.severity === 'infrastructure');
  if (broken) return { verdict: 'inconclusive', reason: broken.title };
  if (happened !== undefined) return { verdict: 'reproduced', reason: happened };
  // Whatever else went wrong is another failure than the one this lab is about: neither there nor clean.
  const wrong = findings.find((finding) => finding.severity === 'error');
  if (wrong && everyError) return { verdict: 'reproduced', reason: wrong.title };
  if (wrong)
    return { verdict: 'inconclusive', reason: `Not this failure, but not clean either: ${wrong.title}` };
  // Something is not as it was and no rule says why: nothing that was found makes this run clean.
  const left = findings.find(({ id }) => id === 'fault-not-healed');
  if (left && !expect.findings.includes(left.id)) return { verdict: 'inconclusive', reason: left.title };
  // No failure by itself, but nobody should have to look for it below the verdict.
  const discarded = findings.find(({ id }) => id === 'interrupt-discarded');
  return { verdict: 'clean', reason: discarded ? `${cleanBecause}; but ${discarded.title}` : cleanBecause };
}

function remedyEffect({ plan }: RunFacts, verdict: VerdictWord, { cured }: Account): Verdict['remedy'] {
  if (plan.remedy.id === 'none' || verdict === 'inconclusive') return undefined;
  if (verdict === 'clean') return 'prevented';
  return cured ? 'cured' : 'no-effect';
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
