/** Findings about traffic: a function works when what is sent over it comes back. */
import { ofKind, type Recorded } from '../../evidence/harness.ts';
import type { TrafficPlan } from '../../lab/plan.ts';
import type { RunFacts } from '../facts.ts';
import { ofHarness } from '../pointers.ts';
import type { Finding } from '../types.ts';

export interface TrafficFacts {
  plan: TrafficPlan;
  before: Recorded<'traffic'> | undefined;
  /** Last check after the fault. */
  after: Recorded<'traffic'> | undefined;
}

export function trafficFacts(facts: RunFacts): TrafficFacts[] {
  const events = ofKind(facts.harness, 'traffic');
  return facts.plan.traffic.map((plan) => ({
    plan,
    before: events.findLast((event) => event.id === plan.id && event.moment === 'before-fault'),
    after: events.findLast((event) => event.id === plan.id && event.moment !== 'before-fault'),
  }));
}

export function works(event: Recorded<'traffic'> | undefined): boolean {
  return event !== undefined && event.received > 0;
}

/** @param stopped guests whose VM is stopped to the end: that their traffic fails is no finding of its own */
export function trafficFindings(facts: RunFacts, stopped: ReadonlySet<string>): Finding[] {
  return trafficFacts(facts).flatMap((traffic) => one(facts, traffic, stopped));
}

function one(
  facts: RunFacts,
  { plan, before, after }: TrafficFacts,
  stopped: ReadonlySet<string>,
): Finding[] {
  const planned = (moment: 'before-fault' | 'later'): boolean =>
    facts.plan.phases
      .flatMap((phase) => phase.actions)
      .some(
        (a) =>
          a.do === 'check-traffic' &&
          a.traffic === plan.id &&
          (a.moment === 'before-fault') === (moment === 'before-fault'),
      );
  const findings: Finding[] = [];
  const what = `traffic ${plan.id} (${plan.kind} from ${plan.from} over ${plan.over})`;
  if (planned('before-fault') && !works(before)) {
    findings.push({
      id: 'no-baseline',
      severity: 'infrastructure',
      title: `Before the fault, ${what} ${before ? 'already failed' : 'was not checked'}`,
      text: 'What did not work before the fault cannot show what the fault did.',
      evidence: before ? [ofHarness(before)] : [],
      rule: 'TRAFFIC',
    });
  }
  if (stopped.has(plan.from) || (!after && !planned('later'))) return findings;
  if (!after) {
    findings.push({
      id: 'evidence-missing',
      severity: 'infrastructure',
      title: `After the fault, ${what} was not checked`,
      text: 'The plan asks for it and the record has no result.',
      evidence: [],
      rule: 'TRAFFIC',
    });
  } else if (!works(after)) {
    const pf = plan.from === 'host' && facts.plan.devices.some((device) => device.id === plan.over);
    findings.push({
      id: pf ? 'pf-broken' : 'traffic-lost',
      severity: 'error',
      title: `After the fault, ${what} does not come back`,
      text: `${after.sent} sent, none received. ${after.output.slice(0, 300)}`.trim(),
      evidence: [...(before ? [ofHarness(before)] : []), ofHarness(after)],
      rule: 'TRAFFIC',
    });
  } else if (after.received < after.sent) {
    findings.push({
      id: 'traffic-lossy',
      severity: 'warning',
      title: `After the fault, ${what} loses some: ${after.received} of ${after.sent} came back`,
      text: 'The function works, but not without loss.',
      evidence: [ofHarness(after)],
      rule: 'TRAFFIC',
    });
  }
  return findings;
}
