/**
 * The conformance check: can the model print what the log shows? The first line that no path of the machine
 * prints is the answer, with what the model allowed in its place.
 */
import { deciding, firstLogState, type LogState, moves } from './machine.ts';
import { describe, type Observation } from './observation.ts';
import type { Vote } from './recovery.ts';
import type { AerRule } from './rules.ts';
import type { Episode } from './types.ts';

export type Explanation =
  | {
      explained: true;
      /** `reported`: a correctable error, or one without details: nobody is asked. */
      outcome: 'recovered' | 'failed' | 'reported';
      /** Votes on one path that prints this log. */
      votes: readonly Vote[];
      wasReset: boolean;
    }
  | {
      explained: false;
      /** Index of the first observation that the kernel could not have made; its length: the log stops short. */
      index: number;
      rule: AerRule;
      message: string;
      /** What could have come instead, in words. */
      allowed: string[];
      /** Where the model stood. */
      state: string;
    };

/** One state of the search, with the votes of the path that led there. */
interface Path {
  state: LogState;
  /** Votes of recoveries that this path has finished. */
  votes: readonly Vote[];
  outcome?: 'recovered' | 'failed';
  wasReset: boolean;
}

/**
 * Explains the lines of one report.
 * @param observations in the order of the log; an `end` in it ends the report unless several sources are named
 */
export function explain(episode: Episode, observations: readonly Observation[]): Explanation {
  if (episode.severity === 'fatal' && episode.features.aerFatalRemovesDevices === true) {
    return { explained: true, outcome: lastEnd(observations), votes: [], wasReset: true };
  }
  let paths = closure([{ state: firstLogState(), votes: [], wasReset: false }], episode);
  for (const [index, observed] of observations.entries()) {
    const after = paths.flatMap((path) =>
      moves(path.state, episode)
        .filter((move) => move.prints && matches(move.prints, observed))
        .map((move) => advance(path, move.next, move.prints)),
    );
    if (after.length === 0) return refuse(episode, paths, index, observed);
    paths = closure(after, episode);
  }
  const done = paths.find((path) => path.state.at === 'done');
  if (!done) return refuse(episode, paths, observations.length, undefined);
  return {
    explained: true,
    outcome: done.outcome ?? 'reported',
    votes: done.votes,
    wasReset: done.wasReset,
  };
}

function lastEnd(observations: readonly Observation[]): 'recovered' | 'failed' | 'reported' {
  const end = observations.findLast((o) => o.kind === 'end');
  if (end?.kind !== 'end') return 'reported';
  return end.recovered ? 'recovered' : 'failed';
}

/** A reset result other than 0 is any failure: −25 of a link that stays down, −19, … */
function matches(printed: Observation, observed: Observation): boolean {
  if (printed.kind !== observed.kind) return false;
  if (printed.kind === 'reset' && observed.kind === 'reset') {
    return (printed.result === 0) === (observed.result === 0);
  }
  return JSON.stringify(sorted(printed)) === JSON.stringify(sorted(observed));
}

function sorted(o: Observation): unknown[] {
  return Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1));
}

function advance(path: Path, state: LogState, prints?: Observation): Path {
  const recovery = path.state.recovery;
  const finished = prints?.kind === 'end';
  const next: Path = { ...path, state };
  if (finished && recovery) {
    next.votes = [...path.votes, ...recovery.votes];
    // Once one of several recoveries failed, the report as a whole did.
    next.outcome = path.outcome === 'failed' || !prints.recovered ? 'failed' : 'recovered';
    next.wasReset = path.wasReset || recovery.wasReset || recovery.failure === 'reset-failed';
  }
  return next;
}

/** All states reachable without printing, each once. */
function closure(paths: Path[], episode: Episode): Path[] {
  const seen = new Map<string, Path>();
  const todo = [...paths];
  for (let path = todo.shift(); path; path = todo.shift()) {
    const key = keyOf(path);
    if (seen.has(key)) continue;
    seen.set(key, path);
    for (const move of moves(path.state, episode)) if (!move.prints) todo.push(advance(path, move.next));
  }
  return [...seen.values()];
}

/** Votes do not decide what comes next, so they are no part of a state's identity. */
function keyOf({ state, outcome }: Path): string {
  const r = state.recovery;
  const features = r && deciding.map((name) => r.features[name]);
  return JSON.stringify([
    state.at,
    state.device,
    state.sources,
    state.announced,
    r?.stage,
    r?.next,
    r?.status,
    r?.wasReset,
    features,
    outcome,
  ]);
}

function refuse(
  episode: Episode,
  paths: Path[],
  index: number,
  observed: Observation | undefined,
): Explanation {
  const printable = paths.flatMap((path) =>
    moves(path.state, episode).flatMap((m) => (m.prints ? [m.prints] : [])),
  );
  const allowed = [...new Set(printable.map(describe))];
  const at = paths.at(-1)!.state;
  const state = at.recovery
    ? `${at.recovery.stage} of ${at.recovery.walk[at.recovery.next]?.bdf ?? 'the bus'}, result so far ${at.recovery.status}`
    : at.at;
  const what = observed ? describe(observed) : 'the end of the log';
  const instead = allowed.length > 0 ? allowed.join(', or ') : 'nothing more';
  return {
    explained: false,
    index,
    rule: ruleOf(observed, printable, at),
    message: `${what} cannot follow here; the model allows ${instead}`,
    allowed,
    state,
  };
}

/** The rule of the model that the refused line breaks. */
function ruleOf(observed: Observation | undefined, printable: Observation[], at: LogState): AerRule {
  if (!observed) return 'AER-O1';
  if (observed.kind === 'end') {
    const resetFailed = at.recovery?.failure === 'reset-failed';
    if (resetFailed || printable.some((o) => o.kind === 'reset-failed')) return 'AER-O4';
    if (printable.some((o) => o.kind === 'end')) return 'AER-O2';
    return printable.some((o) => o.kind === 'reset') ? 'AER-O3' : 'AER-O1';
  }
  if (observed.kind === 'reset' || observed.kind === 'reset-failed') return 'AER-O3';
  if (observed.kind === 'link-inactive') return 'AER-O5';
  return observed.kind === 'report' ? 'AER-O1' : 'AER-ORDER';
}
