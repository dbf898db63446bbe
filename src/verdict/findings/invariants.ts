/** Findings about what had to hold while faults were injected. */
import { ofKind, type Recorded } from '../../evidence/harness.ts';
import type { InvariantPlan } from '../../lab/plan.ts';
import type { RunFacts } from '../facts.ts';
import { ofHarness } from '../pointers.ts';
import { runLedger } from '../run-ledger.ts';
import type { Evidence, Finding } from '../types.ts';

/** Broken checks that one finding quotes. */
const quoted = 3;

export function invariantFindings(facts: RunFacts): Finding[] {
  return (facts.plan.invariants ?? []).flatMap((invariant) =>
    invariant.kind === 'ledger-balanced' ? balance(facts, invariant) : checks(facts, invariant),
  );
}

/** `vm0 answers`, as it should be. */
export function invariantWords(invariant: InvariantPlan): string {
  switch (invariant.kind) {
    case 'guest-answers':
      return `${invariant.guest} answers`;
    case 'traffic':
      return `traffic ${invariant.traffic} comes back`;
    case 'global-available':
      return `at least ${invariant.atLeast} interrupt vectors are available`;
    case 'ledger-balanced':
      return `every interrupt is handled within ${invariant.withinMs / 1000} s`;
  }
}

function checks({ harness }: RunFacts, invariant: InvariantPlan): Finding[] {
  const events = ofKind(harness, 'invariant').filter((event) => event.id === invariant.id);
  if (events.length === 0) return [unchecked(invariant, 'no check of it is on record', [])];
  const lastHeld = events.findLast((event) => event.held)?.t0 ?? Number.NEGATIVE_INFINITY;
  // An emulated machine may be starved by the one that it runs on: what answers again was slow, and no more is known.
  const slow = events.filter((event) => event.late && event.t0 < lastHeld);
  const broken = events.filter((event) => !event.held && !slow.includes(event));
  const late = slow.length === 0 ? [] : [lateFinding(invariant, slow, events.length)];
  if (broken.length === 0) return late;
  const first = broken[0]!;
  const before = events.findLast((event) => event.held && event.t0 < first.t0);
  const back = events.find((event) => event.held && event.t0 > first.t0);
  return [
    ...late,
    brokenFinding(
      invariant,
      `${broken.length} of ${events.length} checks failed, the first at ${first.t0.toFixed(1)} s: ${first.answer}. ` +
        (back ? `It held again at ${back.t0.toFixed(1)} s.` : 'It did not hold again.'),
      [...(before ? [before] : []), ...broken.slice(0, quoted), ...(back ? [back] : [])].map(ofHarness),
    ),
  ];
}

function balance(facts: RunFacts, invariant: InvariantPlan): Finding[] {
  const ledger = runLedger(facts);
  if (!ledger) return [unchecked(invariant, 'the run has no ledger of its interrupts', [])];
  const late = ledger.result.rows.filter((row) => row.slowest * 1000 > invariant.withinMs);
  const { lost } = ledger;
  if (late.length === 0 && lost.length === 0) return [];
  const slowest = late.toSorted((a, b) => b.slowest - a.slowest)[0];
  const why = [
    ...(lost.length > 0 ? [`${lost.length} were never handled`] : []),
    ...(slowest
      ? [`the slowest took ${slowest.slowest.toFixed(3)} s (irq ${slowest.irq ?? '?'}, ${slowest.name})`]
      : []),
  ];
  return [brokenFinding(invariant, `${why.join('; ')}.`, ledger.evidence(lost))];
}

function brokenFinding(invariant: InvariantPlan, text: string, evidence: Evidence[]): Finding {
  return {
    id: 'invariant-broken',
    severity: 'error',
    title: `It did not hold that ${invariantWords(invariant)}`,
    text,
    evidence,
    rule: 'INVARIANT',
  };
}

function lateFinding(
  invariant: InvariantPlan,
  slow: readonly Recorded<'invariant'>[],
  checks: number,
): Finding {
  return {
    id: 'invariant-late',
    severity: 'warning',
    title: `Whether ${invariantWords(invariant)} was not known for a while`,
    text: `${slow.length} of ${checks} checks had no answer in time, the first at ${slow[0]!.t0.toFixed(1)} s; a later one held. A starved machine looks like this, and so does a stall that ends by itself.`,
    evidence: slow.slice(0, quoted).map(ofHarness),
    rule: 'INVARIANT',
  };
}

function unchecked(invariant: InvariantPlan, why: string, evidence: Evidence[]): Finding {
  return {
    id: 'invariant-unchecked',
    severity: 'infrastructure',
    title: `Whether ${invariantWords(invariant)} is not known: ${why}`,
    text: 'The plan demands it, so without a check the run says nothing.',
    evidence,
    rule: 'INVARIANT',
  };
}
