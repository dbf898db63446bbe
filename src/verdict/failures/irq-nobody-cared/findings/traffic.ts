/** Findings about those who share the line: slow, dead, or well again. */
import { debianHz, polledRate } from '../../../../model/genirq/poller.ts';
import { ofHarness } from '../../../pointers.ts';
import type { Finding } from '../../../types.ts';
import type { NobodyCaredFacts } from '../facts.ts';
import { crawls, rateText, type TrafficFacts, works } from '../traffic.ts';

export function trafficFindings(facts: NobodyCaredFacts): Finding[] {
  return facts.traffic.flatMap((traffic) => [...baseline(traffic), ...later(traffic)]);
}

function baseline({ plan, before }: TrafficFacts): Finding[] {
  if (works(before)) return [];
  return [
    {
      id: 'no-baseline',
      severity: 'infrastructure',
      title: `Before the fault, traffic ${plan.id} over ${plan.over} ${before ? 'did not work as it should' : 'was not checked'}`,
      text: before ? `${before.received} of ${before.sent} came back; ${rateText(before)}.` : '',
      evidence: before ? [ofHarness(before)] : [],
      rule: 'TRAFFIC',
    },
  ];
}

function later({ plan, before, after, end }: TrafficFacts): Finding[] {
  if (!end)
    return [
      {
        id: 'evidence-missing',
        severity: 'infrastructure',
        title: `At the end, traffic ${plan.id} over ${plan.over} was not checked`,
        text: 'The plan asks for it and the record has no result.',
        evidence: [],
        rule: 'TRAFFIC',
      },
    ];
  const findings: Finding[] = [];
  const later = [after, end].filter((event) => event !== undefined);
  const slow = later.filter(crawls);
  if (slow[0])
    findings.push({
      id: 'victim-crawls',
      severity: 'error',
      title: `${plan.over} crawls: ${rateText(slow[0])}, one at a time`,
      text: `Before it made ${rateText(before)}. A poll every HZ/10 + 1 jiffies lets it make ${polledRate(debianHz).toFixed(1)} at most with HZ=${debianHz}.`,
      evidence: [...(before ? [before] : []), ...slow].map(ofHarness),
      rule: 'IRQ-POLL',
    });
  const dead = later.filter(({ received }) => received === 0);
  if (dead[0])
    findings.push({
      id: 'traffic-lost',
      severity: 'error',
      title: `Traffic ${plan.id} over ${plan.over} does not come back`,
      text: `${dead[0].sent} sent, none received. ${dead[0].output.slice(0, 300)}`.trim(),
      evidence: [...(before ? [before] : []), ...dead].map(ofHarness),
      rule: 'TRAFFIC',
    });
  if (after && !works(after) && works(end))
    findings.push({
      id: 'victim-recovered',
      severity: 'info',
      title: `${plan.over} works again: ${plan.kind === 'block-io' ? rateText(end) : `${end.received} of ${end.sent} came back`}`,
      text: 'It did not after the fault, and does after the remedy.',
      evidence: [after, end].map(ofHarness),
      rule: 'IRQ-REARM',
    });
  return findings;
}
