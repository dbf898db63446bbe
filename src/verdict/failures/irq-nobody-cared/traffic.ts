/** Traffic of the run: does it come back, and how fast is a disk whose requests are made one after the other? */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { TrafficPlan } from '../../../lab/plan.ts';
import { leastPolledSeconds } from '../../../model/genirq/poller.ts';
import type { RunFacts } from '../../facts.ts';

export interface TrafficFacts {
  plan: TrafficPlan;
  before: Recorded<'traffic'> | undefined;
  /** Between the fault and the remedy, where the plan asks for it. */
  after: Recorded<'traffic'> | undefined;
  end: Recorded<'traffic'> | undefined;
}

export function trafficFacts({ plan, harness }: RunFacts): TrafficFacts[] {
  const events = ofKind(harness, 'traffic');
  return plan.traffic.map((traffic) => {
    const at = (moment: string) => events.findLast((e) => e.id === traffic.id && e.moment === moment);
    return { plan: traffic, before: at('before-fault'), after: at('after-fault'), end: at('end') };
  });
}

/** /proc/uptime has hundredths of a second, and is read twice. */
const uptimeError = 0.02;
/** Fewer reads than this do not show a rate. */
const enough = 10;

/** So slow that a poll may be all that answers it. */
export function crawls(event: Recorded<'traffic'> | undefined): boolean {
  const { count = 0, seconds = 0 } = event?.reads ?? {};
  return count >= enough && seconds + uptimeError >= leastPolledSeconds(count);
}

export function works(event: Recorded<'traffic'> | undefined): boolean {
  return event !== undefined && event.received > 0 && !crawls(event);
}

/** Reads a second; the first may be in time for an answer that was due. Undefined: it took no time that can be told. */
function rateOf(event: Recorded<'traffic'> | undefined): number | undefined {
  const { count = 0, seconds = 0 } = event?.reads ?? {};
  return count > 1 && seconds > 0 ? (count - 1) / seconds : undefined;
}

/** `9.6 reads a second`, `more than 3000 reads a second` */
export function rateText(event: Recorded<'traffic'> | undefined): string {
  const { count = 0 } = event?.reads ?? {};
  const rate = rateOf(event);
  if (rate === undefined) return `more than ${Math.round(count / uptimeError)} reads a second`;
  return `${rate < 100 ? rate.toFixed(1) : Math.round(rate)} reads a second`;
}
