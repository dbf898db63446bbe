/** Each rule of the vector matrix with an event that keeps it and one that breaks it. */
import { describe, expect, test } from 'vitest';
import { readVectorText } from '../../../src/evidence/ftrace/vectors.ts';
import { startMatrix, step } from '../../../src/model/vector/matrix.ts';
import { seededMatrix } from '../../../src/model/vector/state.ts';
import type { Departure, Event, MatrixState, Verdict } from '../../../src/model/vector/types.ts';

/** `[2] alloc: bit=33 …` as the kernel writes it, executed on CPU 2; on CPU 0 without a bracket. */
function event(short: string): Event {
  if (short === 'lost') return { kind: 'lost' };
  const [, cpu = '0', text] = /^(?:\[(\d+)\] )?(.*)$/.exec(short)!;
  const line = `          <idle>-0       [00${cpu}] d..1.     0.000000: irq_matrix_${text}`;
  const read = readVectorText(line);
  if (read?.type !== 'matrix') throw new Error(`no event: ${line}`);
  return read.event;
}

function play(
  lines: readonly string[],
  from?: MatrixState,
): { state: MatrixState; verdicts: Verdict[]; departures: Departure[] } {
  const events = lines.map(event);
  let state = from ?? startMatrix(events[0]!);
  const verdicts: Verdict[] = [];
  for (const one of events) {
    const next = step(state, one);
    verdicts.push(next.verdict);
    if (next.verdict.departures.length > 0)
      return { state: next.state, verdicts, departures: [...next.verdict.departures] };
    state = next.state;
  }
  return { state, verdicts, departures: [] };
}

/** The event is explained after `before`; each `bad` one is not, by the rule and field named. */
function rule(before: readonly string[], good: string, bad: Record<string, string>) {
  expect(play([...before, good]).departures).toEqual([]);
  for (const [line, why] of Object.entries(bad)) {
    const { departures, verdicts } = play([...before, line]);
    expect(verdicts).toHaveLength(before.length + 1);
    expect(departures.map(({ rule, field }) => `${rule} ${field}`).join(), line).toBe(why);
  }
}

const totals = (maps: number, avl: number, rsvd: number, total: number) =>
  `online_maps=${maps} global_avl=${avl}, global_rsvd=${rsvd}, total_alloc=${total}`;
const on = (bit: number, cpu: number, avl: number, alloc: number, managed: number, tail: string) =>
  `bit=${bit} cpu=${cpu} online=1 avl=${avl} alloc=${alloc} managed=${managed} ${tail}`;

// 6.12: system bits 50, 128 and 235 up; 201 free bits a CPU.
const boot = [
  ...[0, 50, 128, 236].map((bit) => `assign_system: bit=${bit} ${totals(0, 0, 0, 0)}`),
  `[0] online: ${totals(1, 201, 0, 0)}`,
  `[1] online: ${totals(2, 402, 0, 0)}`,
];

describe('operations (kernel-model §1.3, step laws §1.5)', () => {
  test('online: the first time all bits but the system bits are available', () => {
    const { state, verdicts } = play(boot);
    expect(state).toMatchObject({ capacity: 201, sinceBoot: true, onlineMaps: 2, globalAvailable: 402 });
    expect(verdicts.at(-1)).toMatchObject({ counters: true });
    rule(boot, `[2] online: ${totals(3, 603, 0, 0)}`, {
      [`[2] online: ${totals(3, 602, 0, 0)}`]: 'MX2 global_avl',
      [`[2] online: ${totals(4, 603, 0, 0)}`]: 'MX5 online_maps',
      [`[1] online: ${totals(3, 603, 0, 0)}`]: 'MX5 online_maps',
    });
  });

  test('reserve and remove_reserved: global_rsvd by one, nothing else', () => {
    rule(boot, `reserve: ${totals(2, 402, 1, 0)}`, {
      [`reserve: ${totals(2, 402, 2, 0)}`]: 'MX4 global_rsvd',
      [`reserve: ${totals(2, 401, 1, 0)}`]: 'MX2 global_avl',
      [`reserve: ${totals(2, 402, 1, 1)}`]: 'MX3 total_alloc',
    });
    rule([...boot, `reserve: ${totals(2, 402, 1, 0)}`], `remove_reserved: ${totals(2, 402, 0, 0)}`, {
      [`remove_reserved: ${totals(2, 402, 1, 0)}`]: 'MX4 global_rsvd',
    });
  });

  test('alloc: the lowest free bit, avl − 1, alloc + 1; global_rsvd falls when the vector was reserved', () => {
    const before = [...boot, `reserve: ${totals(2, 402, 1, 0)}`];
    rule(before, `alloc: ${on(32, 0, 200, 1, 0, totals(2, 401, 0, 1))}`, {
      [`alloc: ${on(33, 0, 200, 1, 0, totals(2, 401, 0, 1))}`]: 'MX8 bit',
      [`alloc: ${on(50, 0, 200, 1, 0, totals(2, 401, 0, 1))}`]: 'MX6 bit',
      [`alloc: ${on(31, 0, 200, 1, 0, totals(2, 401, 0, 1))}`]: 'MX6 bit',
      [`alloc: ${on(32, 0, 201, 1, 0, totals(2, 401, 0, 1))}`]: 'MX1 avl',
      [`alloc: ${on(32, 0, 200, 2, 0, totals(2, 401, 0, 1))}`]: 'MX1 alloc',
      [`alloc: ${on(32, 0, 200, 1, 1, totals(2, 401, 0, 1))}`]: 'MX1 managed',
      [`alloc: ${on(32, 0, 200, 1, 0, totals(2, 401, 2, 1))}`]: 'MX4 global_rsvd',
    });
    // A move reserves nothing.
    expect(play([...before, `alloc: ${on(32, 0, 200, 1, 0, totals(2, 401, 1, 1))}`]).departures).toEqual([]);
  });

  test('a whole device life gives every bit back, managed ones apart (MX7)', () => {
    const life = [
      `reserve_managed: ${on(32, 1, 200, 0, 1, totals(2, 401, 0, 0))}`,
      `alloc_managed: ${on(32, 1, 200, 1, 1, totals(2, 401, 0, 1))}`,
      `free: ${on(32, 1, 200, 0, 1, totals(2, 401, 0, 0))}`,
      `remove_managed: ${on(32, 1, 201, 0, 0, totals(2, 402, 0, 0))}`,
    ];
    const { state, verdicts, departures } = play([...boot, ...life]);
    expect(departures).toEqual([]);
    expect(verdicts.every(({ counters, bit }, i) => (i < 5 || counters) && bit !== false)).toBe(true);
    expect(state.cpus[1]).toMatchObject({ available: 201, allocated: 0, managed: 0, running: 0 });
    rule([...boot, life[0]!], life[1]!, {
      [`alloc_managed: ${on(33, 1, 200, 1, 1, totals(2, 401, 0, 1))}`]: 'MX7 bit',
    });
    // A running managed interrupt is not available when freed; a running bit cannot be removed.
    rule([...boot, ...life.slice(0, 2)], life[2]!, {
      [`free: ${on(32, 1, 201, 0, 1, totals(2, 402, 0, 0))}`]: 'MX1 avl,MX2 global_avl',
      [`remove_managed: ${on(32, 1, 201, 1, 0, totals(2, 402, 0, 1))}`]: 'MX7 bit',
    });
  });

  test('free: a bit that is held, and once (MX6)', () => {
    const held = [...boot, `assign: ${on(48, 0, 200, 1, 0, totals(2, 401, 0, 1))}`];
    rule(held, `free: ${on(48, 0, 201, 0, 0, totals(2, 402, 0, 0))}`, {
      [`free: ${on(49, 0, 201, 0, 0, totals(2, 402, 0, 0))}`]: 'MX6 bit',
      [`assign: ${on(48, 0, 199, 2, 0, totals(2, 400, 0, 2))}`]: 'MX6 bit',
    });
  });

  test('an offline CPU takes reservations, but none of them from what is available', () => {
    const offline = `bit=32 cpu=2 online=0 avl=0 alloc=0 managed=1 ${totals(2, 402, 0, 0)}`;
    const { departures, state } = play([
      ...boot,
      `reserve_managed: ${offline}`,
      `[2] online: ${totals(3, 602, 0, 0)}`,
    ]);
    expect(departures).toEqual([]);
    expect(state.cpus[2]).toMatchObject({ available: 200, managed: 1, capacity: 201 });
  });
});

describe('the blind spot of a dying CPU (§1.6)', () => {
  const busy = [...boot, `alloc: ${on(32, 0, 200, 1, 0, totals(2, 401, 0, 1))}`];
  test('online with Δonline_maps 0: a CPU went away in between; all is learnt anew, then checked again', () => {
    const { departures, verdicts, state } = play([
      ...busy,
      `[1] online: ${totals(2, 401, 0, 1)}`,
      `alloc: ${on(33, 0, 199, 2, 0, totals(2, 400, 0, 2))}`,
    ]);
    expect(departures).toEqual([]);
    expect(verdicts.at(-2)).toMatchObject({ diedUnseen: 1, counters: false });
    expect(state.cpus[0]).toMatchObject({ available: 199, running: 0, exact: true });
  });
  test('what it held cannot stay available', () => {
    expect(play([...busy, `reserve: ${totals(1, 401, 1, 1)}`]).departures).toMatchObject([{ rule: 'MX2' }]);
    expect(play([...busy, `reserve: ${totals(1, 200, 1, 1)}`]).departures).toEqual([]);
  });
  test('reservations stay', () => {
    expect(play([...busy, `reserve: ${totals(1, 200, 2, 1)}`]).departures).toMatchObject([{ rule: 'MX4' }]);
  });
});

describe('what cannot be known', () => {
  // §10.1, unplug of a 2-queue virtio-blk on a 2-CPU guest, 6.1: the trace begins in the middle.
  const unplug = [
    `[1] free: ${on(37, 1, 197, 3, 1, totals(2, 393, 10, 7))}`,
    `reserve: ${totals(2, 393, 11, 7)}`,
    `remove_reserved: ${totals(2, 393, 10, 7)}`,
    `remove_managed: ${on(36, 0, 197, 4, 0, totals(2, 394, 10, 7))}`,
    `remove_managed: ${on(36, 1, 198, 3, 0, totals(2, 395, 10, 7))}`,
  ];
  test('the worked example 10.1', () => {
    const { departures, state } = play(unplug);
    expect(departures).toEqual([]);
    expect(state).toMatchObject({ sinceBoot: false, globalAvailable: 395 });
  });
  test('after two events of a CPU its counters are held against each other', () => {
    const wrong = `remove_managed: ${on(36, 1, 199, 3, 0, totals(2, 395, 10, 7))}`;
    expect(play([...unplug.slice(0, 4), wrong]).departures).toMatchObject([{ rule: 'MX1', field: 'avl' }]);
  });
  test('a bit seen free is not passed over', () => {
    const freed = play(unplug).state;
    const above = `alloc: ${on(40, 1, 197, 4, 0, totals(2, 394, 10, 8))}`;
    expect(play([above], freed).departures).toMatchObject([{ rule: 'MX8', field: 'bit' }]);
  });
  test('a trace that begins among the system bits does not know those before', () => {
    const late = boot.slice(2);
    expect(play(late).state.sinceBoot).toBe(false);
    // Bit 50 may be free or not, and so may all others.
    expect(play([...late, `alloc: ${on(33, 0, 200, 1, 0, totals(2, 401, 0, 1))}`]).departures).toEqual([]);
  });
  test('lost events: nothing is known, nothing is accused', () => {
    const { departures, state } = play([...boot, 'lost', `reserve: ${totals(2, 300, 7, 90)}`]);
    expect(departures).toEqual([]);
    expect(state.sinceBoot).toBe(false);
    expect(step(play(boot).state, { kind: 'lost' }).state).toEqual(seededMatrix());
  });
});
