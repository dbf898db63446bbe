/** What the model says will happen before anything is seen: one course, with the lines it prints. */
import { driverOf } from './drivers.ts';
import { firstLogState, type LogState, moves } from './machine.ts';
import type { Observation } from './observation.ts';
import type { Vote } from './recovery.ts';
import type { Episode, WalkedFunction } from './types.ts';

export interface Prediction {
  outcome: 'recovered' | 'failed' | 'reported';
  votes: readonly Vote[];
  /** Lines that must be printed, in order. */
  mustPrint: Observation[];
  /** Functions whose vfio error eventfd fires: their VMs stop. */
  signals: WalkedFunction[];
  /** Functions whose missing callback makes the recovery fail. */
  vetoes: WalkedFunction[];
  /** Functions whose driver is told of a failure and takes its interface away. Rule AER-FAILURE. */
  detached: WalkedFunction[];
  /** Functions whose driver goes on after a reset that took their configuration away. Rule AER-RESTORE. */
  unrestored: WalkedFunction[];
}

/** Functions whose holder is told of an uncorrectable error, in walk order. Rules AER-WALK and AER-VFIO. */
export function signalled(episode: Episode): WalkedFunction[] {
  if (episode.severity === 'correctable') return [];
  return episode.walk.filter(
    (fn) => driverOf(fn)?.signalsHolder && fn.heldBy !== undefined && !fn.disconnected,
  );
}

/**
 * The most ordinary course: every driver gives the first answer of its table.
 * @param resetWorks outcome of a link reset, if one is made
 */
export function predict(episode: Episode, resetWorks = true): Prediction {
  const mustPrint: Observation[] = [];
  let state: LogState = firstLogState();
  let votes: readonly Vote[] = [];
  let outcome: Prediction['outcome'] = 'reported';
  let wasReset = false;
  while (state.at !== 'done') {
    const move = ordinary(state, episode, resetWorks);
    if (move.prints) mustPrint.push(move.prints);
    if (move.prints?.kind === 'end') {
      votes = [...votes, ...state.recovery!.votes];
      wasReset ||= state.recovery!.wasReset;
      outcome = move.prints.recovered ? 'recovered' : 'failed';
    }
    state = move.next;
  }
  const vetoing = votes.filter((vote) => vote.result === 'no-aer-driver').map((vote) => vote.bdf);
  const vetoes = episode.walk.filter((fn) => vetoing.includes(fn.bdf));
  const at = (stage: Vote['stage']) => votes.filter((vote) => vote.stage === stage).map((vote) => vote.bdf);
  const told = at('perm_failure');
  const went = wasReset ? at('resume') : [];
  const unrestored = episode.walk.filter((fn) => {
    const driver = driverOf(fn);
    return went.includes(fn.bdf) && driver?.slotReset && !driver.restores;
  });
  const detached = episode.walk.filter((fn) => told.includes(fn.bdf) && driverOf(fn)?.failed?.detaches);
  return { outcome, votes, mustPrint, signals: signalled(episode), vetoes, detached, unrestored };
}

/** Silent moves before printing ones where the line is optional; the first answer where there are several. */
function ordinary(state: LogState, episode: Episode, resetWorks: boolean) {
  const all = moves(state, episode);
  const silent = all.find((move) => !move.prints);
  const stage = state.recovery?.stage;
  if (stage === 'reset' && state.at === 'recovery') {
    return all.find((m) => m.prints?.kind === 'reset' && (m.prints.result === 0) === resetWorks)!;
  }
  const optional =
    all.some((m) => m.prints?.kind === 'broadcast' || m.prints?.kind === 'bit') || stage === 'resume';
  if (optional && silent) return silent;
  const first = all.find((m) => m.prints?.kind !== 'device' || m.prints.device === episode.source);
  const inaccessible = all.find(
    (m) => m.prints?.kind === 'device' && m.prints.device === episode.source && m.prints.inaccessible,
  );
  // A fatal error below a port is printed without its registers (aer_get_device_error_info).
  return (episode.severity === 'fatal' && episode.source !== episode.bridge && inaccessible) || first!;
}
