/** The explorer against a judge that is too simple to be wrong, on thousands of small random systems. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explore } from '../../src/explore/explore.ts';
import type { Scenario } from '../../src/model/race/scenario.ts';

const size = 5;

interface System {
  /** Of each action: whether it is fair, and where it leads from each state; −1 is nowhere. */
  actions: { fair: boolean; to: number[] }[];
  from: boolean[];
  to: boolean[];
}

const flags = fc.array(fc.boolean(), { minLength: size, maxLength: size });
const systems: fc.Arbitrary<System> = fc.record({
  actions: fc.array(
    fc.record({
      fair: fc.boolean(),
      to: fc.array(fc.integer({ min: -1, max: size - 1 }), { minLength: size, maxLength: size }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  from: flags,
  to: flags,
});

function scenarioOf({ actions, from, to }: System): Scenario {
  return {
    ...{ name: 'random', title: '', processes: ['p'], bounds: '', width: 1, init: [new Uint8Array(1)] },
    actions: actions.map((action, i) => ({
      ...{ process: 'p', id: `${i}`, text: `${i}`, fair: action.fair },
      step(s, next) {
        const target = action.to[s[0]!]!;
        if (target >= 0) next[0] = target;
        return target >= 0;
      },
    })),
    ...{ invariants: [], sometimes: [] },
    leadsTo: [{ text: '', from: (s) => from[s[0]!]!, to: (s) => to[s[0]!]! }],
    ...{ isEnd: () => true, describe: () => '', view: () => ({}) },
  };
}

/** States that can be reached from `start` by edges that `allowed` lets through, `start` included. */
function reach({ actions }: System, start: number, allowed: (state: number) => boolean): Set<number> {
  const seen = new Set([start]);
  for (const state of seen)
    for (const { to } of actions) {
      const next = to[state]!;
      if (next >= 0 && allowed(next)) seen.add(next);
    }
  return seen;
}

/** Every set of states is asked: can a run stay in just these for ever, fairly, with the promise open? */
function breaks(system: System): boolean {
  const { actions, from, to } = system;
  const open = [...reach(system, 0, () => true)].filter((state) => from[state] && !to[state]);
  const pending = new Set(open.flatMap((state) => [...reach(system, state, (next) => !to[next])]));
  for (const state of pending)
    if (actions.every((action) => !action.fair || action.to[state]! < 0)) return true;
  for (let set = 1; set < 1 << size; set += 1) {
    const members = Array.from({ length: size }, (_, i) => i).filter((i) => (set >> i) & 1);
    const inside = (state: number) => members.includes(state);
    if (!members.every((state) => pending.has(state))) continue;
    const connected = members.every((state) =>
      members.every((other) => reach(system, state, inside).has(other)),
    );
    const moves = actions.some((action) => members.some((state) => inside(action.to[state]!)));
    if (!connected || !moves) continue;
    const fair = actions.every(
      (action) =>
        !action.fair ||
        members.some((state) => inside(action.to[state]!)) ||
        members.some((state) => action.to[state]! < 0),
    );
    if (fair) return true;
  }
  return false;
}

test('states, and what has to come, under weak fairness', () => {
  let broken = 0;
  const runs = 4000;
  fc.assert(
    fc.property(systems, (system) => {
      const { states, violation } = explore(scenarioOf(system));
      const wrong = breaks(system);
      if (wrong) broken += 1;
      expect(violation !== undefined).toBe(wrong);
      if (!wrong) expect(states).toBe(reach(system, 0, () => true).size);
    }),
    { numRuns: runs },
  );
  // Both verdicts are there, so that neither is agreed on for want of the other.
  expect(broken).toBeGreaterThan(runs / 20);
  expect(broken).toBeLessThan(runs - runs / 20);
});
