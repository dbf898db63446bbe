/** Findings about the faults themselves, for every failure: proved or not, healed or not. */
import { ofKind, type Recorded } from '../../evidence/harness.ts';
import type { RunFacts } from '../facts.ts';
import { type PlannedInjection, plannedInjections } from '../planned.ts';
import { ofHarness } from '../pointers.ts';
import type { Evidence, Finding } from '../types.ts';

/** What a failure's own rules add to the harness's proof of an injection. */
export interface Confirmation {
  /** Why the injection counts for nothing although the harness proved it. */
  unconfirmed?: string;
  /** `CmpltAbrt (non-fatal) on nic0 (0000:01:00.0)` */
  what?: string;
  /** One sentence on how it was done. */
  how?: string;
  evidence: Evidence[];
}

/** Asked of injections that are proved. */
export type Confirm = (injection: PlannedInjection) => Confirmation | undefined;

/** Proofs and lines that one finding quotes of a fault that was injected many times. */
const quoted = 3;

interface Judged {
  occurrence: number;
  why?: string;
  proof?: Recorded<'proof'>;
  confirmation?: Confirmation;
  evidence: Evidence[];
}

export function faultFindings(facts: RunFacts, confirm: Confirm = () => undefined): Finding[] {
  const byFault = Map.groupBy(plannedInjections(facts.plan), ({ fault }) => fault);
  return [...byFault].flatMap(([id, injections]) => {
    const judged = injections.map((injection) => judgeOne(facts, injection, confirm));
    const proved = judged.filter(({ why }) => why === undefined);
    const failed = judged.filter(({ why }) => why !== undefined);
    const many = injections.length > 1;
    return [
      ...(failed.length > 0
        ? [unproved(failed[0]!.why! + (many ? ` (${failed.length} of ${injections.length})` : ''), failed)]
        : []),
      ...(proved.length > 0 ? [tookEffect(facts, id, proved, injections.length)] : []),
      ...healing(facts, id, proved.length > 0),
    ];
  });
}

/** For a failure that means nothing without a fault, of a plan that injects none. */
export function noFault(): Finding {
  return unproved('the plan injects no fault', []);
}

function judgeOne(
  { harness }: RunFacts,
  { fault: id, occurrence }: PlannedInjection,
  confirm: Confirm,
): Judged {
  const mine = (event: { fault: string; occurrence?: number }) =>
    event.fault === id && (event.occurrence ?? 0) === occurrence;
  const which = occurrence > 0 ? `injection ${occurrence + 1} of fault ${id}` : `fault ${id}`;
  const injected = ofKind(harness, 'injected').find(mine);
  const proof = ofKind(harness, 'proof').findLast((event) => event.stage === 'injected' && mine(event));
  const evidence = [...(injected ? [injected] : []), ...(proof ? [proof] : [])].map(ofHarness);
  const judged: Judged = { occurrence, evidence, ...(proof ? { proof } : {}) };
  if (!injected) return { ...judged, why: `${which} was never injected`, evidence: [] };
  if (!proof) return { ...judged, why: `${which} was injected, but nothing was done to prove it` };
  if (!proof.proved) return { ...judged, why: `${which} took no effect: ${proof.because.join('; ')}` };
  const confirmation = confirm({ fault: id, occurrence });
  if (!confirmation) return judged;
  const why = confirmation.unconfirmed === undefined ? {} : { why: confirmation.unconfirmed };
  return { ...judged, ...why, confirmation, evidence: [...evidence, ...confirmation.evidence] };
}

function tookEffect({ plan }: RunFacts, id: string, proved: readonly Judged[], planned: number): Finding {
  const first = proved[0]!;
  const what = first.confirmation?.what ?? `Fault ${id} (${plan.faults[id]?.kind})`;
  const how = first.confirmation?.how;
  return {
    id: 'fault-proved',
    severity: 'info',
    title: `${what} took effect${planned > 1 ? `, ${proved.length} times of ${planned}` : ''}`,
    text: `${how ? `${how} ` : ''}${first.proof!.because.join('; ')}.`,
    evidence: proved.slice(0, quoted).flatMap(({ evidence }) => evidence),
    rule: 'FAULT-PROVED',
  };
}

function unproved(why: string, judged: readonly Judged[]): Finding {
  return {
    id: 'fault-unproved',
    severity: 'infrastructure',
    title: `The fault is not proved: ${why}`,
    text: 'Without a fault that took effect, neither a failure nor its absence means anything.',
    evidence: judged.slice(0, quoted).flatMap(({ evidence }) => evidence),
    rule: 'FAULT-PROVED',
  };
}

/**
 * A warning, but no verdict is `clean` with it, unless the lab expects it (judge.ts); a failure that was reproduced
 * before stays what it is.
 */
function healing({ harness, plan }: RunFacts, id: string, tookEffect: boolean): Finding[] {
  const healed = ofKind(harness, 'proof').findLast((event) => event.fault === id && event.stage === 'healed');
  if (healed?.proved) return [];
  if (!healed) return tookEffect && isHealed(plan, id) ? [nothingHealed(id)] : [];
  return [
    {
      id: 'fault-not-healed',
      severity: 'warning',
      title: `Fault ${id} left something behind after healing`,
      text: `${healed.because.join('; ')}.`,
      evidence: [ofHarness(healed)],
      rule: 'FAULT-HEALED',
    },
  ];
}

/** The plan says that it is to be healed. */
function isHealed({ phases }: RunFacts['plan'], id: string): boolean {
  return phases.some(({ actions }) => actions.some((action) => action.do === 'heal' && action.fault === id));
}

function nothingHealed(id: string): Finding {
  return {
    id: 'fault-not-healed',
    severity: 'warning',
    title: `Nothing shows that fault ${id} was healed`,
    text: 'The plan heals it, and no proof of that is on record.',
    evidence: [],
    rule: 'FAULT-HEALED',
  };
}
