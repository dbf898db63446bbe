/**
 * The recovery of one uncorrectable error as a state machine. Source: drivers/pci/pcie/err.c pcie_do_recovery
 * (read in 5.8, 5.15, 6.1, 6.12, 6.18 and 7.2). `step` is pure: the caller says what a device answered or how the
 * reset went, and gets the next state.
 */

import type { KernelFeatures } from '../features.ts';
import { merge } from './merge.ts';
import type { Result, WalkedFunction } from './types.ts';

export type Stage =
  | 'error_detected'
  | 'reset'
  | 'mmio_enabled'
  | 'slot_reset'
  | 'resume'
  /** Everybody is told that it failed, and nobody's answer counts (feature aerNotifiesFailure). */
  | 'perm_failure'
  | 'recovered'
  | 'failed';

export interface Vote {
  stage: Stage;
  bdf: string;
  /** Undefined: the driver has no callback for this stage and is passed over. */
  result: Result | undefined;
  /** The merged result after it. */
  merged: Result;
}

export interface RecoveryState {
  stage: Stage;
  frozen: boolean;
  walk: readonly WalkedFunction[];
  features: KernelFeatures;
  /** Index in `walk` of the function that is asked next. */
  next: number;
  status: Result;
  votes: readonly Vote[];
  /** The bus was reset, as FATAL always demands. */
  wasReset: boolean;
  /** Why it failed, once it has. */
  failure?: 'reset-failed' | 'status';
}

export type RecoveryEvent =
  /** The function at `next` answers the question of this stage; undefined: no callback. */
  { type: 'answer'; result: Result | undefined } | { type: 'reset'; ok: boolean };

export function startRecovery(
  frozen: boolean,
  walk: readonly WalkedFunction[],
  features: KernelFeatures,
): RecoveryState {
  return settle({
    stage: 'error_detected',
    frozen,
    walk,
    features,
    next: 0,
    status: 'can-recover',
    votes: [],
    wasReset: false,
  });
}

/** One step; an event that does not belong to the stage is a mistake of the caller and throws. */
export function step(state: RecoveryState, event: RecoveryEvent): RecoveryState {
  if (event.type === 'reset') {
    if (state.stage !== 'reset') throw new Error(`no reset in stage ${state.stage}`);
    if (!event.ok) return fail(state, 'reset-failed');
    const overrides = state.features.aerResetOverridesVotes === true;
    return afterReset({ ...state, wasReset: true, status: overrides ? 'recovered' : state.status });
  }
  if (!isAsking(state.stage)) throw new Error(`nobody is asked in stage ${state.stage}`);
  const fn = state.walk[state.next];
  if (!fn) throw new Error('nobody is left to ask');
  const tells = state.stage === 'resume' || state.stage === 'perm_failure';
  const asksNothing = event.result === undefined || tells;
  const status = asksNothing ? state.status : merge(state.status, event.result!);
  const vote: Vote = { stage: state.stage, bdf: fn.bdf, result: event.result, merged: status };
  return settle({ ...state, status, next: state.next + 1, votes: [...state.votes, vote] });
}

export function isAsking(stage: Stage): boolean {
  return stage !== 'reset' && stage !== 'recovered' && stage !== 'failed';
}

/** When every function was asked, goes on to the next stage. */
function settle(state: RecoveryState): RecoveryState {
  if (state.next < state.walk.length) return state;
  const late = state.features.aerResetAfterMmioEnabled === true;
  switch (state.stage) {
    case 'error_detected':
      if (state.frozen && !late) return { ...state, stage: 'reset' };
      return afterDetected(state);
    case 'mmio_enabled':
      return afterMmio(state);
    case 'slot_reset':
      return afterSlotReset(state);
    case 'resume':
      return { ...state, stage: 'recovered' };
    case 'perm_failure':
      return { ...state, stage: 'failed' };
    default:
      return state;
  }
}

function afterReset(state: RecoveryState): RecoveryState {
  return state.features.aerResetAfterMmioEnabled === true ? toSlotReset(state) : afterDetected(state);
}

function afterDetected(state: RecoveryState): RecoveryState {
  if (state.status === 'can-recover') return enter({ ...state, status: 'recovered' }, 'mmio_enabled');
  return afterMmio(state);
}

function afterMmio(state: RecoveryState): RecoveryState {
  const late = state.features.aerResetAfterMmioEnabled === true;
  if (late && !state.wasReset && (state.frozen || state.status === 'need-reset')) {
    return { ...state, stage: 'reset' };
  }
  return toSlotReset(state);
}

function toSlotReset(state: RecoveryState): RecoveryState {
  if (state.status === 'need-reset') return enter({ ...state, status: 'recovered' }, 'slot_reset');
  return afterSlotReset(state);
}

function afterSlotReset(state: RecoveryState): RecoveryState {
  return state.status === 'recovered' ? enter(state, 'resume') : fail(state, 'status');
}

function fail(state: RecoveryState, failure: NonNullable<RecoveryState['failure']>): RecoveryState {
  const failed = { ...state, failure };
  return state.features.aerNotifiesFailure === true
    ? enter(failed, 'perm_failure')
    : { ...failed, stage: 'failed' };
}

function enter(state: RecoveryState, stage: Stage): RecoveryState {
  return settle({ ...state, stage, next: 0 });
}
