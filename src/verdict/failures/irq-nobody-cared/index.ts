/** An interrupt line that the kernel switches off because nobody cares for what arrives on it; its innocent users crawl. */

import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { causalChain } from './chain.ts';
import { type NobodyCaredFacts, nobodyCaredFacts } from './facts.ts';
import { lineFindings } from './findings/line.ts';
import { trafficFindings } from './findings/traffic.ts';
import { watchFindings } from './findings/watch.ts';
import { remedyFindings } from './remedy.ts';
import { crawls, rateText, works } from './traffic.ts';

export function irqNobodyCared(run: RunFacts): Account {
  const facts = nobodyCaredFacts(run);
  return {
    findings: [
      ...watchFindings(facts),
      ...lineFindings(facts),
      ...trafficFindings(facts),
      ...remedyFindings(facts),
    ],
    since: facts.faultTime,
    happened: happened(facts),
    cleanBecause: 'The fault took effect, no line was switched off, and all traffic works as before',
    cured: facts.traffic.every(({ end }) => works(end)),
    explains: ['nobody-cared'],
    chain: () => causalChain(facts),
  };
}

/** The kernel's own words; what the line's users felt is in the findings. */
function happened({ storms, traffic }: NobodyCaredFacts): string | undefined {
  const trip = storms.find(({ trips }) => trips.length > 0);
  if (!trip) return undefined;
  const slow = traffic.find(({ after, end }) => crawls(after) || crawls(end));
  const felt = slow
    ? `, and ${slow.plan.over} crawls at ${rateText(crawls(slow.after) ? slow.after : slow.end)}`
    : '';
  return `Nobody cared for irq ${trip.after!.irq}: the kernel switched it off${felt}`;
}
