/** All interleavings of a scenario, within its bounds: what is broken, by the shortest way to it. */
import type { Scenario } from '../model/race/scenario.ts';
import { findLostProgress, lostProgressBytes } from './leads-to.ts';
import { type Progress, Space, type Violation } from './space.ts';

export interface Exploration {
  scenario: string;
  bounds: string;
  /** The nearest violation of all; undefined: none was found. */
  violation: Violation | undefined;
  /** Every reachable state was seen; only then does "no violation" say that there is none within the bounds. */
  complete: boolean;
  /** Texts of what was to be reached at least once and was not, when the search is complete. */
  neverSeen: string[];
  states: number;
  transitions: number;
  depth: number;
  memoryBytes: number;
  seconds: number;
}

export interface ExploreOptions {
  /** Default 4 GiB. */
  memoryBytes?: number;
  tell?: (progress: Progress) => void;
}

export function explore(
  scenario: Scenario,
  { memoryBytes = 2 ** 32, tell = () => {} }: ExploreOptions = {},
): Exploration {
  const started = performance.now();
  const wanted = new Set(scenario.sometimes);
  const look = (state: Uint8Array) => {
    for (const property of wanted) if (property.holds(state)) wanted.delete(property);
  };
  const isSymmetric = (scenario.symmetries?.length ?? 0) > 0;
  const promises = scenario.leadsTo.length > 0;
  const space = new Space(scenario, { edges: promises && !isSymmetric });
  let violation = space.search({ memoryBytes }, look, tell);
  // Two twins may each be promised something: renaming one into the other would hide who was forgotten.
  if (!violation && space.complete && promises) {
    const whole = isSymmetric ? new Space(scenario, { symmetry: false, edges: true }) : space;
    if (whole !== space) whole.search({ memoryBytes }, () => {}, tell);
    const fits = whole.memoryBytes + lostProgressBytes(whole.states) <= memoryBytes;
    if (whole.complete && fits) violation = findLostProgress(whole);
    else space.complete = false;
  }
  return {
    ...{ scenario: scenario.name, bounds: scenario.bounds, violation, complete: space.complete },
    neverSeen: space.complete && !violation ? [...wanted].map(({ text }) => text) : [],
    ...{ states: space.states, transitions: space.transitions, depth: space.depth },
    memoryBytes: space.memoryBytes,
    seconds: (performance.now() - started) / 1000,
  };
}
