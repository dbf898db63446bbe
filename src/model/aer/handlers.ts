/**
 * Conformance of what a trace shows: who was asked in which order, and whether each may have answered so.
 * A trace sees more than a log, but only the drivers that were probed.
 */
import { detectedVotes } from './drivers.ts';
import type { AerRule } from './rules.ts';
import type { Episode, Result } from './types.ts';

export interface HandlerCall {
  /** Undefined: a function that is not in the walk. */
  bdf: string | undefined;
  driver: string;
  stage: 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume';
  result?: Result;
}

export interface HandlerDeparture {
  /** Index of the call; the number of calls when one is missing. */
  index: number;
  rule: AerRule;
  message: string;
}

/**
 * The first call that the model does not allow, or a call that is missing.
 * @param recoveries of the report: with several sources each has one of its own, one after the other, and each asks
 * the whole bus again
 */
export function checkHandlers(
  episode: Episode,
  calls: readonly HandlerCall[],
  recoveries = 1,
): HandlerDeparture | undefined {
  const order = episode.walk.map((fn) => fn.bdf);
  const probed = new Set(calls.filter((call) => call.stage === 'error_detected').map((call) => call.driver));
  let asked: number[] = [];
  let begun = 1;
  for (const [index, call] of calls.entries()) {
    const at = call.bdf === undefined ? -1 : order.indexOf(call.bdf);
    const who = `${call.driver} for ${call.bdf ?? 'a function that is not on this bus'}`;
    const refuse = (rule: AerRule, what: string) => ({ index, rule, message: `${what} ${who}` });
    if (episode.severity === 'correctable')
      return refuse('AER-WALK', `a correctable error asks nobody, yet it asked`);
    if (at < 0) return refuse('AER-WALK', `${call.stage} asked`);
    if (call.stage === 'slot_reset' && !calls.slice(0, index).some((c) => c.result === 'need-reset')) {
      return refuse('AER-ORDER', 'nobody needed a reset, yet slot_reset asked');
    }
    if (call.stage !== 'error_detected') continue;
    if (asked.length > 0 && at <= asked.at(-1)!) {
      if (begun >= recoveries) return refuse('AER-ORDER', 'out of bus order, error_detected asked');
      const missed = missing(episode, asked, probed, index);
      if (missed) return missed;
      begun += 1;
      asked = [];
    }
    asked.push(at);
    const allowed = detectedVotes(episode.walk[at]!, episode.severity === 'fatal', episode.features);
    if (call.result !== undefined && !allowed.some((answer) => answer.result === call.result)) {
      return refuse('AER-O2', `the model does not allow the answer ${call.result} of`);
    }
  }
  return missing(episode, asked, probed, calls.length);
}

/** A function of the bus that one recovery did not ask, although its driver is probed. */
function missing(
  { walk }: Episode,
  asked: readonly number[],
  probed: ReadonlySet<string>,
  index: number,
): HandlerDeparture | undefined {
  const left = walk.findIndex((fn, at) => probed.has(fn.driver ?? '') && !asked.includes(at));
  if (left < 0) return undefined;
  const message = `${walk[left]!.driver} was never asked for ${walk[left]!.bdf}, though it is on the bus`;
  return { index, rule: 'AER-WALK', message };
}
