import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { step } from '../../../src/model/vector/matrix.ts';
import { freshSeed, seedFrom } from '../../../src/model/vector/seed.ts';
import { SimulatedMatrix } from '../../../src/model/vector/simulate.ts';
import { seededMatrix } from '../../../src/model/vector/state.ts';
import type { Event } from '../../../src/model/vector/types.ts';

const possible = [0, 1, 2, 3];
const seed = freshSeed({ cleanupVector: false, postedMsi: true, possible, online: [0, 1, 2] });
const matrix = (onEvent?: (event: Event) => void) =>
  new SimulatedMatrix(seed, { spreadsManaged: true, ...(onEvent ? { onEvent } : {}) });

describe('a machine that runs nothing but its timer', () => {
  test.each([
    [true, false, 236],
    [false, false, 236],
    [false, true, 235],
  ])('clean-up vector %s, posted MSIs %s', (cleanupVector, postedMsi, allocEnd) => {
    const fresh = freshSeed({ cleanupVector, postedMsi, possible: [0, 1], online: [0, 1] });
    const capacity = cleanupVector || postedMsi ? 201 : 202;
    expect(fresh.allocEnd).toBe(allocEnd);
    expect(fresh.cpus.map(({ available }) => available)).toEqual([capacity - 1, capacity]);
  });
});

describe('where an allocation goes', () => {
  test('the CPU with most available, the first of equals; the lowest free bit', () => {
    const m = matrix();
    expect(m.alloc([0, 1, 2], false)).toEqual({ cpu: 1, bit: 32 });
    expect(m.alloc([0, 1, 2], false)).toEqual({ cpu: 2, bit: 32 });
    expect(m.alloc([0, 1, 2], false)).toEqual({ cpu: 0, bit: 32 });
  });

  test('never an offline CPU', () => {
    expect(matrix().alloc([3], false)).toEqual({ errno: -28 });
    expect(matrix().alloc([], false)).toEqual({ errno: -22 });
  });

  test('a managed one: where fewest run, the last of equals; before 4.20 the first', () => {
    const taken = [true, false].map((spreadsManaged) => {
      const m = new SimulatedMatrix(seed, { spreadsManaged });
      m.reserveManaged([0, 1]);
      m.reserveManaged([0, 1]);
      return [m.allocManaged([0, 1]), m.allocManaged([0, 1])];
    });
    expect(taken[0]).toEqual([
      { cpu: 1, bit: 32 },
      { cpu: 0, bit: 32 },
    ]);
    expect(taken[1]).toEqual([
      { cpu: 0, bit: 32 },
      { cpu: 0, bit: 33 },
    ]);
  });

  test('a reservation that fails on one CPU is undone on the others', () => {
    const m = matrix();
    for (let i = 0; i < 201; i += 1) m.alloc([2], false);
    const before = m.snapshot();
    expect(m.reserveManaged([0, 1, 2])).toBe(2);
    expect(m.snapshot()).toEqual(before);
  });

  test('managed bits are taken on offline CPUs too, without touching what is available', () => {
    const m = matrix();
    const before = m.globalAvailable;
    m.reserveManaged([3]);
    expect(m.globalAvailable).toBe(before);
    expect(m.snapshot().cpus[3]!.managedMap).toEqual([32]);
  });
});

test('the warning comes when reservations have become as many as there are vectors, once a crossing', () => {
  const m = new SimulatedMatrix({ ...seed, globalReserved: 602 - 3 }, { spreadsManaged: true });
  expect(m.globalAvailable).toBe(602);
  for (let i = 0; i < 6; i += 1) m.reserve();
  expect(m.exceeded).toBe(1);
});

type Op = { do: 'reserve' | 'alloc' | 'managed' | 'free' | 'unmanage'; cpu: number };
const ops = fc.array(
  fc.record({
    do: fc.constantFrom<Op['do']>('reserve', 'alloc', 'managed', 'free', 'unmanage'),
    cpu: fc.nat(3),
  }),
  { maxLength: 200 },
);

function play(m: SimulatedMatrix, list: readonly Op[]): void {
  const held: { cpu: number; bit: number }[] = [];
  for (const { do: what, cpu } of list) {
    const mask = possible.slice(0, cpu + 1);
    if (what === 'reserve') m.reserve();
    else if (what === 'unmanage') m.removeManaged([cpu]);
    else if (what === 'free') {
      const last = held.pop();
      if (last) m.free(last.cpu, last.bit);
    } else {
      if (what === 'managed') m.reserveManaged(mask);
      const taken = what === 'managed' ? m.allocManaged(mask) : m.alloc(mask, false);
      if (!('errno' in taken)) held.push(taken);
    }
  }
}

describe('against the model that only watches', () => {
  test('whatever is done, each event is one that the kernel can have produced', () => {
    fc.assert(
      fc.property(ops, (list) => {
        const events: Event[] = [];
        play(
          matrix((event) => events.push(event)),
          list,
        );
        let state = seededMatrix();
        for (const event of events) {
          const next = step(state, event);
          expect(next.verdict.departures).toEqual([]);
          state = next.state;
        }
      }),
    );
  });

  test('a state that is not known whole is no seed', () => {
    expect(seedFrom(seededMatrix(), possible)).toBeUndefined();
  });

  test('a snapshot is where to go on from', () => {
    fc.assert(
      fc.property(ops, ops, (first, second) => {
        const one = matrix();
        play(one, first);
        const other = new SimulatedMatrix(one.snapshot(), { spreadsManaged: true });
        play(one, second);
        play(other, second);
        expect(other.snapshot()).toEqual(one.snapshot());
      }),
    );
  });
});
