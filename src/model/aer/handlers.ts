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
  /** `perm_failure`: error_detected for a channel that is given up. */
  stage: 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume' | 'perm_failure';
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
 * @param failed how many of them failed
 */
export function checkHandlers(
  episode: Episode,
  calls: readonly HandlerCall[],
  recoveries = 1,
  failed = 0,
): HandlerDeparture | undefined {
  const { aerNotifiesFailure } = episode.features;
  const told = aerNotifiesFailure === false ? 0 : failed;
  const found = [
    checkCalls(episode, calls),
    checkRounds(episode, calls, 'error_detected', [0, Math.max(1, recoveries)]),
    checkRounds(episode, calls, 'perm_failure', [aerNotifiesFailure === true ? told : 0, told]),
  ];
  return found.filter((one) => one !== undefined).toSorted((a, b) => a.index - b.index)[0];
}

/** Each call by itself: whether it may come, and whether its answer may. */
function checkCalls(episode: Episode, calls: readonly HandlerCall[]): HandlerDeparture | undefined {
  for (const [index, call] of calls.entries()) {
    const at = episode.walk.findIndex((fn) => fn.bdf === call.bdf);
    const refuse = (rule: AerRule, what: string) => ({ index, rule, message: `${what} ${whoOf(call)}` });
    if (episode.severity === 'correctable')
      return refuse('AER-WALK', `a correctable error asks nobody, yet it asked`);
    if (at < 0) return refuse('AER-WALK', `${call.stage} asked`);
    if (call.stage === 'slot_reset' && !calls.slice(0, index).some((c) => c.result === 'need-reset')) {
      return refuse('AER-ORDER', 'nobody needed a reset, yet slot_reset asked');
    }
    if (call.stage !== 'error_detected' || call.result === undefined) continue;
    const allowed = detectedVotes(episode.walk[at]!, episode.severity === 'fatal', episode.features);
    if (!allowed.some((answer) => answer.result === call.result)) {
      return refuse('AER-O2', `the model does not allow the answer ${call.result} of`);
    }
  }
  return undefined;
}

/** How often a stage goes over the bus, and whether it leaves nobody out whose driver is probed. */
function checkRounds(
  { walk }: Episode,
  calls: readonly HandlerCall[],
  stage: 'error_detected' | 'perm_failure',
  [least, most]: readonly [number, number],
): HandlerDeparture | undefined {
  const probed = new Set(calls.filter((call) => call.stage === 'error_detected').map((call) => call.driver));
  const asks = stage === 'error_detected';
  const missing = (round: readonly number[], index: number): HandlerDeparture | undefined => {
    const left = walk.findIndex((fn, at) => probed.has(fn.driver ?? '') && !round.includes(at));
    if (left < 0) return undefined;
    const never = asks ? 'was never asked for' : 'was never told of the failure for';
    const message = `${walk[left]!.driver} ${never} ${walk[left]!.bdf}, though it is on the bus`;
    return { index, rule: asks ? 'AER-WALK' : 'AER-FAILURE', message };
  };
  let round: number[] = [];
  let begun = 0;
  for (const [index, call] of calls.entries()) {
    const at = walk.findIndex((fn) => fn.bdf === call.bdf);
    if (call.stage !== stage || at < 0) continue;
    if (round.length === 0 || at <= round.at(-1)!) {
      if (begun >= most) {
        const what = asks
          ? 'out of bus order, error_detected asked'
          : 'nobody may be told of a failure, yet told was';
        return { index, rule: asks ? 'AER-ORDER' : 'AER-FAILURE', message: `${what} ${whoOf(call)}` };
      }
      const missed = begun > 0 ? missing(round, index) : undefined;
      if (missed) return missed;
      begun += 1;
      round = [];
    }
    round.push(at);
  }
  return begun > 0 || least > 0 ? missing(begun < least ? [] : round, calls.length) : undefined;
}

function whoOf({ driver, bdf }: HandlerCall): string {
  return `${driver} for ${bdf ?? 'a function that is not on this bus'}`;
}
