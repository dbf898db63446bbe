/**
 * Something that has to go well whatever the faults are did not: an invariant of the lab, a guest, traffic, an
 * interrupt of the ledger, a kernel. For labs that ask whether all survives, not for one particular way to fail.
 */
import { ofKind } from '../../../evidence/harness.ts';
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { lastAnswers, livingFindings } from '../../findings/guests.ts';
import { remedyUnproved } from '../../findings/remedy.ts';
import { trafficFacts, trafficFindings, works } from '../../findings/traffic.ts';
import { type RunLedger, runLedger } from '../../run-ledger.ts';
import type { ChainStep, Finding } from '../../types.ts';

export function invariantBroken(facts: RunFacts): Account {
  const since = faultsBegin(facts);
  const dead = facts.plan.guests.map(({ id }) => id).filter((id) => lastAnswers(facts, id).say === 'dead');
  return {
    findings: [
      ...remedyUnproved(facts, since),
      ...livingFindings(facts),
      ...trafficFindings(facts, new Set(dead)),
    ],
    since,
    happened: undefined,
    everyError: true,
    cleanBecause: cleanBecause(facts),
    cured: dead.length === 0 && trafficFacts(facts).every(({ after }) => works(after)),
    chain: steps,
  };
}

/** Harness time at which the phase of the faults began; what was wrong before is none of their work. */
export function faultsBegin({ harness }: RunFacts): number {
  const begin = ofKind(harness, 'phase').find((event) => event.phase === 'fault' && event.state === 'begin');
  return begin?.t ?? Number.POSITIVE_INFINITY;
}

function cleanBecause(facts: RunFacts): string {
  const checks = ofKind(facts.harness, 'invariant').length;
  const ledger = runLedger(facts);
  return [
    facts.plan.guests.length > 0 ? 'Every guest lives, all traffic works' : 'All traffic works',
    ...(checks > 0 ? [`every invariant held at ${checks} checks`] : []),
    ...(ledger ? [balanceWords(ledger)] : []),
  ].join(', ');
}

function balanceWords({ result, discarded }: RunLedger): string {
  const { sent, counts } = result.totals;
  const parts = [
    `${counts.handled} handled`,
    `${counts.coalesced} coalesced`,
    ...(counts.replayed > 0 ? [`${counts.replayed} sent again by the kernel`] : []),
    ...(discarded.length > 0 ? [`${discarded.length} discarded`] : []),
    ...(counts.unknown > 0 ? [`${counts.unknown} of unknown fate`] : []),
  ];
  const none = discarded.length > 0 ? 'none was lost otherwise than by being discarded' : 'none was lost';
  return `of ${sent} interrupts of the host ${none} (${parts.join(', ')})`;
}

/** The faults, then what went wrong, in the order of their first evidence. */
function steps(findings: readonly Finding[]): ChainStep[] {
  const told = findings.filter(
    ({ id, severity }) => id === 'fault-proved' || id === 'interrupt-discarded' || severity === 'error',
  );
  const when = ({ evidence }: Finding) => evidence[0]?.t ?? Number.POSITIVE_INFINITY;
  return told
    .toSorted((a, b) => when(a) - when(b))
    .map(({ title, text, evidence, rule }) => ({
      text: `${title}. ${text}`,
      seen: evidence.length > 0,
      rule,
      evidence,
    }));
}
