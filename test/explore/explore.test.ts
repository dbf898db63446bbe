import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.ts';
import { Space } from '../../src/explore/space.ts';
import type { Action, Scenario } from '../../src/model/race/scenario.ts';

const nothing = {
  invariants: [],
  sometimes: [],
  leadsTo: [],
  isEnd: () => true,
  describe: () => '',
  view: () => ({}),
};
const base = { name: 'test', title: '', processes: ['a', 'b'], bounds: 'small', ...nothing };

function act(process: string, text: string, step: Action['step'], fair = true): Action {
  return { process, text, id: text, step, fair };
}

/** Two processes that each count to `max`. */
function counters(max: number, more: Partial<Scenario> = {}): Scenario {
  const count = (process: string, i: number) =>
    act(process, '+1', (s, next) => {
      if (s[i] === max) return false;
      next[i] = s[i]! + 1;
      return true;
    });
  return { ...base, width: 2, init: [new Uint8Array(2)], actions: [count('a', 0), count('b', 1)], ...more };
}

/** Peterson's mutual exclusion: fields flag0, flag1, turn, pc0, pc1. `broken`: the turn is not given away. */
function peterson(broken = false): Scenario {
  const actions = [0, 1].flatMap((me) => {
    const other = 1 - me;
    const [flag, turn, pc] = [me, 2, 3 + me];
    const process = `p${me}`;
    const at = (text: string, from: number, to: number, run: Action['step'], fair = true) =>
      act(
        process,
        text,
        (s, next) => {
          if (s[pc] !== from || !run(s, next)) return false;
          next[pc] = to;
          return true;
        },
        fair,
      );
    return [
      at(
        'wants in',
        0,
        1,
        (_, next) => {
          next[flag] = 1;
          return true;
        },
        false,
      ),
      at('gives way', 1, 2, (_, next) => {
        if (!broken) next[turn] = other;
        return true;
      }),
      at('enters', 2, 3, (s) => s[other] === 0 || s[turn] === me),
      at('leaves', 3, 0, (_, next) => {
        next[flag] = 0;
        return true;
      }),
    ];
  });
  return {
    ...base,
    width: 5,
    init: [new Uint8Array(5)],
    actions,
    invariants: [{ text: 'never both inside', holds: (s) => !(s[3] === 3 && s[4] === 3) }],
    leadsTo: [0, 1].map((me) => ({
      text: `p${me} gets in`,
      from: (s) => s[3 + me] === 1,
      to: (s) => s[3 + me] === 3,
    })),
  };
}

describe('explore', () => {
  it('counts every state and transition once', () => {
    const found = explore(counters(9));
    expect(found).toMatchObject({ states: 100, transitions: 180, depth: 18, complete: true, neverSeen: [] });
    expect(found.violation).toBeUndefined();
  });

  it('finds the shortest way to what must not be', () => {
    const invariants = [
      { text: 'a and b differ by less than 3', holds: (s: Uint8Array) => Math.abs(s[0]! - s[1]!) < 3 },
    ];
    const { violation, complete } = explore(counters(9, { invariants }));
    expect(violation).toMatchObject({ kind: 'invariant', text: invariants[0]!.text });
    expect(violation?.path.map(({ action }) => action?.process)).toEqual([undefined, 'a', 'a', 'a']);
    expect(complete).toBe(false);
  });

  it('a state in which nothing can go on is a deadlock, unless it is an end', () => {
    expect(explore(counters(1)).violation).toBeUndefined();
    const { violation } = explore(counters(1, { isEnd: () => false }));
    expect(violation).toMatchObject({ kind: 'deadlock' });
    expect(violation?.path).toHaveLength(3);
  });

  it('says what was to be seen and never was', () => {
    const sometimes = [
      { text: 'both at 2', holds: (s: Uint8Array) => s[0] === 2 && s[1] === 2 },
      { text: 'a at 7', holds: (s: Uint8Array) => s[0] === 7 },
    ];
    expect(explore(counters(3, { sometimes })).neverSeen).toEqual(['a at 7']);
  });

  it('ends on its memory bound and says that it is not complete', () => {
    const found = explore(counters(250), { memoryBytes: 100_000 });
    expect(found).toMatchObject({ complete: false, violation: undefined });
    expect(found.states).toBeLessThan(251 * 251);
  });

  it('what has to come is judged only if that fits into the bound too', () => {
    const leadsTo = [{ text: 'a is done', from: () => true, to: (s: Uint8Array) => s[0] === 250 }];
    const scenario = counters(250, { leadsTo });
    const all = explore(scenario);
    expect(all).toMatchObject({ complete: true, violation: undefined });
    const { memoryBytes } = all;
    expect(explore(scenario, { memoryBytes })).toMatchObject({ complete: false, violation: undefined });
  });

  it('Peterson’s algorithm is right: nobody meets, and who wants in gets in', () => {
    expect(explore(peterson())).toMatchObject({ complete: true, violation: undefined });
  });

  it('without giving way it is not: both get in, and one may wait for ever', () => {
    const broken = peterson(true);
    expect(explore(broken).violation).toMatchObject({ kind: 'invariant', text: 'never both inside' });
    // The turn stays at 0: p1 may wait while p0 goes in and out.
    const { violation } = explore({ ...broken, invariants: [] });
    expect(violation).toMatchObject({ kind: 'leads-to', text: 'p1 gets in', goesRound: true });
  });

  it('going round for ever counts only if it is fair', () => {
    const spin = act('a', 'spins', () => true);
    const done = (fair: boolean) =>
      act(
        'b',
        'is done',
        (s, next) => {
          next[0] = 1;
          return s[0] === 0;
        },
        fair,
      );
    const leadsTo = [{ text: 'done', from: () => true, to: (s: Uint8Array) => s[0] === 1 }];
    const scenario = (fair: boolean) => ({
      ...base,
      width: 1,
      init: [new Uint8Array(1)],
      actions: [spin, done(fair)],
      leadsTo,
    });
    expect(explore(scenario(true)).violation).toBeUndefined();
    expect(explore(scenario(false)).violation).toMatchObject({ kind: 'leads-to' });
  });

  it('twins are searched once, and the way is told in their own names', () => {
    const swap = (s: Uint8Array, out: Uint8Array) => {
      out[0] = s[1]!;
      out[1] = s[0]!;
    };
    expect(explore(counters(9, { symmetries: [swap] }))).toMatchObject({ states: 55, complete: true });
    const invariants = [
      { text: 'a below 3', holds: (s: Uint8Array) => s[0]! < 3 },
      { text: 'b below 3', holds: (s: Uint8Array) => s[1]! < 3 },
    ];
    const { violation } = explore(counters(9, { symmetries: [swap], invariants }));
    const [name] = violation!.text.split(' ');
    expect(violation!.path.slice(1).map(({ action }) => action!.process)).toEqual([name, name, name]);
  });

  it('many states are kept apart', () => {
    const space = new Space(counters(250));
    expect(
      space.search(
        { memoryBytes: 2 ** 30 },
        () => {},
        () => {},
      ),
    ).toBeUndefined();
    expect(space.states).toBe(251 * 251);
    expect([...space.state(space.indexOf(new Uint8Array([250, 17])))]).toEqual([250, 17]);
  });
});
