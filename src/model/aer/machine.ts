/**
 * The log of one error report as a nondeterministic machine: every state lists its moves, each with the line
 * that the kernel prints with it (or none). Where the model does not know (an unknown driver, an unknown
 * feature, the outcome of a reset) there are several moves; a log is explained when some path prints it.
 *
 * Source of the order: drivers/pci/pcie/aer.c aer_isr_one_error, aer_process_err_devices; err.c.
 */

import type { KernelFeature, KernelFeatures, Known } from '../features.ts';
import { anything, detectedVotes, driverOf } from './drivers.ts';
import type { Observation } from './observation.ts';
import { isAsking, type RecoveryState, startRecovery, step } from './recovery.ts';
import type { Episode, WalkedFunction } from './types.ts';

export interface LogState {
  at: 'report' | 'details' | 'status' | 'bits' | 'recovery' | 'reset-said' | 'done';
  /** Function whose details are being printed. */
  device?: string;
  /** Sources named so far whose recovery is still to come. */
  sources: number;
  recovery?: RecoveryState;
  /** The stage whose broadcast line was passed, so that it may be printed once. */
  announced?: string;
  /** Result of the reset that was printed. */
  resetResult?: number;
}

export interface Move {
  /** The line that goes with it; absent: silent. */
  prints?: Observation;
  next: LogState;
}

export function firstLogState(): LogState {
  return { at: 'report', sources: 0 };
}

/** All moves out of a state. */
export function moves(state: LogState, episode: Episode): Move[] {
  switch (state.at) {
    case 'report':
      return reportMoves(state, episode);
    case 'details':
    case 'status':
    case 'bits':
      return detailMoves(state, episode);
    case 'recovery':
      return recoveryMoves(state, episode);
    case 'reset-said':
      return resetSaidMoves(state);
    case 'done':
      return [];
  }
}

function reportMoves(state: LogState, episode: Episode): Move[] {
  const { source, severity, features } = episode;
  const line = (noDetails: boolean): Observation => ({ kind: 'report', source, severity, noDetails });
  const result: Move[] = [{ prints: line(false), next: { ...state, at: 'details' } }];
  // Nothing was found: nobody is asked.
  if (features.aerPortLineSaysNothingFound !== false)
    result.push({ prints: line(true), next: { at: 'done', sources: 0 } });
  return result;
}

function detailMoves(state: LogState, episode: Episode): Move[] {
  const { device = '', sources } = state;
  const result: Move[] = [];
  if (state.at !== 'status') {
    for (const bdf of speakers(episode)) {
      for (const inaccessible of [false, true]) {
        const prints: Observation = { kind: 'device', device: bdf, severity: episode.severity, inaccessible };
        const at = inaccessible ? 'bits' : 'status';
        result.push({ prints, next: { at, device: bdf, sources: sources + 1 } });
      }
    }
  }
  if (state.at === 'details') {
    if (episode.features.aerPortLineSaysNothingFound !== true)
      result.push({ prints: { kind: 'no-details' }, next: { at: 'done', sources: 0 } });
    if (episode.repeated) result.push({ next: { at: 'done', sources: 0 } }, ...unsaid(0, episode));
  } else if (state.at === 'status') {
    result.push({ prints: { kind: 'status', device }, next: { ...state, at: 'bits' } });
  } else {
    // Which bits follow depends on the mask, and whether a header on the bits: none of them is a must.
    for (const kind of ['bit', 'tlp', 'first-agent'] as const) {
      result.push({ prints: { kind, device }, next: state });
    }
    if (episode.severity === 'correctable') result.push({ next: { at: 'done', sources: 0 } });
    else result.push(...enterRecovery(sources, episode), ...unsaid(sources, episode));
    // The second of the two looks finds nothing; the status stays for the next report.
    if (episode.followed) result.push({ next: { at: 'done', sources: 0 } });
  }
  return result;
}

/**
 * aer_process_err_devices looks at each device's status twice: it prints those that have one, then recovers those that
 * have one. A source whose status the report before had consumed is in the list by its id; its next error may set a
 * status between the two looks. Then it is recovered, and no line names it.
 * @param said sources that were named
 */
function unsaid(said: number, episode: Episode): Move[] {
  return episode.repeated && episode.severity !== 'correctable' ? enterRecovery(said + 1, episode) : [];
}

/** Functions that may report: those of the walk, the port and the bridge. */
function speakers(episode: Episode): Set<string> {
  return new Set([episode.source, episode.port, episode.bridge, ...episode.walk.map((fn) => fn.bdf)]);
}

/** Features that decide the course of a recovery. */
export const deciding = [
  'aerResetAfterMmioEnabled',
  'aerResetOverridesVotes',
  'aerNotifiesFailure',
] as const satisfies readonly KernelFeature[];

/** A recovery for each known value of these features. */
function enterRecovery(sources: number, episode: Episode): Move[] {
  const { features } = episode;
  const frozen = episode.severity === 'fatal';
  const courses = deciding.reduce<KernelFeatures[]>(
    (known, name) => known.flatMap((some) => values(some[name]).map((value) => ({ ...some, [name]: value }))),
    [features],
  );
  return courses.map((settled) => ({
    next: { at: 'recovery', sources, recovery: startRecovery(frozen, episode.walk, settled) },
  }));
}

function values(known: Known): boolean[] {
  return known === 'unknown' ? [true, false] : [known];
}

function recoveryMoves(state: LogState, episode: Episode): Move[] {
  const recovery = state.recovery!;
  const announce = announceMove(state, recovery);
  if (announce) return [announce, { next: { ...state, announced: recovery.stage } }];
  if (isAsking(recovery.stage)) {
    const fn = recovery.walk[recovery.next]!;
    return askMoves(recovery, fn).map(({ prints, next }) => ({
      ...(prints ? { prints } : {}),
      next: { ...state, recovery: next },
    }));
  }
  if (recovery.stage === 'reset') return resetMoves(state);
  const recovered = recovery.stage === 'recovered';
  const left = state.sources - 1;
  const ended: Move = { prints: { kind: 'end', recovered }, next: { at: 'done', sources: 0 } };
  // With several sources each gets a recovery of its own, one after the other.
  return left <= 0
    ? [ended]
    : enterRecovery(left, episode).map(({ next }) => ({ prints: { kind: 'end', recovered }, next }));
}

/** The debug line at the begin of a stage: may be printed, once. */
function announceMove(state: LogState, recovery: RecoveryState): Move | undefined {
  const { stage } = recovery;
  if (!isAsking(stage) || stage === 'perm_failure') return undefined;
  if (recovery.next !== 0 || state.announced === stage) return undefined;
  const prints = { kind: 'broadcast', stage } as Observation;
  return { prints, next: { ...state, announced: stage } };
}

interface AskMove {
  prints?: Observation;
  next: RecoveryState;
}

function askMoves(recovery: RecoveryState, fn: WalkedFunction): AskMove[] {
  const driver = driverOf(fn);
  const strange = fn.driver !== undefined && !driver;
  switch (recovery.stage) {
    case 'error_detected':
      return detectedMoves(recovery, fn);
    case 'mmio_enabled': {
      const results = strange
        ? [undefined, ...anything.map((a) => a.result)]
        : (driver?.mmioEnabled ?? [undefined]);
      return results.map((result) => ({ next: step(recovery, { type: 'answer', result }) }));
    }
    case 'slot_reset': {
      const answers = strange ? anything : driver?.slotReset;
      if (!answers) return [{ next: step(recovery, { type: 'answer', result: undefined }) }];
      return answers.flatMap((answer) =>
        withLine(fn, answer.line, step(recovery, { type: 'answer', result: answer.result })),
      );
    }
    case 'perm_failure':
      return withLine(fn, driver?.failed?.line, step(recovery, { type: 'answer', result: undefined }));
    default:
      return withLine(fn, driver?.resume, step(recovery, { type: 'answer', result: undefined }));
  }
}

function detectedMoves(recovery: RecoveryState, fn: WalkedFunction): AskMove[] {
  const result: AskMove[] = [];
  for (const answer of detectedVotes(fn, recovery.frozen, recovery.features)) {
    const next = step(recovery, { type: 'answer', result: answer.result });
    if (answer.result !== 'no-aer-driver') {
      result.push(...withLine(fn, answer.line, next));
      continue;
    }
    const prints: Observation = { kind: 'cannot-recover', device: fn.bdf, why: 'no-callback' };
    const names = recovery.features.aerNamesVeto;
    if (names !== false) result.push({ prints, next });
    if (names !== true) result.push({ next });
  }
  if (recovery.features.aerDisconnectedVotes !== false) {
    // The channel is already in a state that forbids the change: the device has no vote.
    const prints: Observation = { kind: 'cannot-recover', device: fn.bdf, why: 'bad-transition' };
    result.push({ prints, next: step(recovery, { type: 'answer', result: 'none' }) });
  }
  return result;
}

type Line = { what: Extract<Observation, { kind: 'driver' }>['what']; must: boolean } | undefined;

function withLine(fn: WalkedFunction, line: Line, next: RecoveryState): AskMove[] {
  if (!line) return [{ next }];
  const prints: Observation = { kind: 'driver', device: fn.bdf, what: line.what };
  return line.must ? [{ prints, next }] : [{ prints, next }, { next }];
}

/**
 * The reset of the bus: perhaps a link that does not come back, then its result. Older kernels (feature
 * aerSaysReset) say it at debug level, so both lines may be absent there; the end of the recovery tells the outcome anyway.
 */
function resetMoves(state: LogState): Move[] {
  const recovery = state.recovery!;
  const after = (ok: boolean): LogState => ({ ...state, recovery: step(recovery, { type: 'reset', ok }) });
  const result: Move[] = [
    { prints: { kind: 'link-inactive' }, next: state },
    { prints: { kind: 'reset', result: 0 }, next: after(true) },
    { prints: { kind: 'reset', result: -1 }, next: { ...state, at: 'reset-said', resetResult: -1 } },
  ];
  if (recovery.features.aerSaysReset !== true) result.push({ next: after(true) }, { next: after(false) });
  return result;
}

/** After a failed reset: the warning of pcie_do_recovery, and no way but failure. */
function resetSaidMoves(state: LogState): Move[] {
  const recovery = step(state.recovery!, { type: 'reset', ok: false });
  return [{ prints: { kind: 'reset-failed' }, next: { ...state, at: 'recovery', recovery } }];
}
