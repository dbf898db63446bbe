/** Schedules on a made machine: who is held, for how long, and that a planted failure is found and shrunk to its cause. */
import { describe, expect, test } from 'vitest';
import { drive } from '../../src/hunt/drive.ts';
import { type HuntEvent, type HuntResult, type HuntRun, hunt, weigh } from '../../src/hunt/hunt.ts';
import { type Preemption, type Schedule, undisturbed } from '../../src/hunt/schedule.ts';
import { styleFor } from '../../src/report/colour.ts';
import { type HuntHead, huntText } from '../../src/report/hunt-text.ts';
import { boundsAddress, contendedAddress, idleAddress, MadeCpus, type Operation } from './made-cpus.ts';

const [a, b] = [0xan, 0xbn];
const points = new Map([
  [a, 'a'],
  [b, 'b'],
]);

const preempted = (...preemptions: Preemption[]): Schedule => ({ ...undisturbed, preemptions });

async function driven(programs: Operation[][], schedule: Schedule, longestNs = 1e9) {
  const end = new AbortController();
  const cpus = new MadeCpus(programs, () => end.abort());
  return await drive(cpus, {
    ...{ points, idle: new Set([idleAddress]), schedule, longestNs, ended: end.signal },
    ...{ bounds: boundsAddress, contended: contendedAddress },
  });
}

const at = (address: bigint): Operation => ({ at: address });
const plain = (count: number): Operation[] => Array.from({ length: count }, () => ({}));
const told = (visits: Awaited<ReturnType<typeof driven>>) =>
  visits.map(({ cpu, point, held, cut }) => `${cpu}${point}${held ?? ''}${cut ?? ''}`).join(' ');

describe('a schedule', () => {
  test('without preemptions changes nothing, and every visit is seen', async () => {
    expect(
      told(
        await driven(
          [
            [at(a), at(a), ...plain(9)],
            [at(b), at(b)],
          ],
          undisturbed,
        ),
      ),
    ).toBe('0a 0a 1b 1b');
  });

  test('holds a CPU for as many visits of others as it says', async () => {
    const programs = () => [
      [at(a), at(a), at(a)],
      [...plain(9), at(b), at(b), at(b)],
    ];
    expect(told(await driven(programs(), preempted({ visit: 0, hold: 2 })))).toBe('0a2 1b 1b 0a 0a 1b');
    expect(told(await driven(programs(), preempted({ visit: 1, hold: 1 })))).toBe('0a 0a1 1b 0a 1b 1b');
  });

  test('lets go when nobody else comes to a point in its time', async () => {
    let done = false;
    const waits: Operation = { do: () => (done ? undefined : 'wait') };
    const sets: Operation = {
      do: () => {
        done = true;
      },
    };
    expect(
      told(
        await driven(
          [
            [at(a), sets],
            [waits, at(b)],
          ],
          preempted({ visit: 0, hold: 3 }),
        ),
      ),
    ).toBe('0a3time 1b');
  });

  test('lets go when somebody waits for a lock', async () => {
    let locked = true;
    const unlock: Operation = {
      do: () => {
        locked = false;
        return undefined;
      },
    };
    const lock: Operation = { at: contendedAddress, do: () => (locked ? 'wait' : undefined) };
    expect(
      told(
        await driven(
          [
            [at(a), unlock],
            [lock, at(b)],
          ],
          preempted({ visit: 0, hold: 3 }),
        ),
      ),
    ).toBe('0a3lock 1b');
  });

  test('lets one go first that is urgent, as soon as an interrupt waits for it', async () => {
    const programs = () => [
      [at(a), at(a), at(a)],
      [{ do: () => undefined, idles: true }, at(b), at(b)],
    ];
    // CPU1 begins to idle, and an interrupt waits for it: it is asked for with its priority only.
    const order = async (urgent?: number) =>
      told(await driven(programs(), urgent === undefined ? undisturbed : { ...undisturbed, urgent }));
    expect(await order()).toBe('0a 0a 0a 1b 1b');
    expect(await order(1)).toBe('1b 1b 0a 0a 0a');
  });

  test('lets go when nothing moves at all: whoever spins, and whoever sleeps without a timer', async () => {
    let done = false;
    const spin: Operation = { do: () => (done ? undefined : 'wait') };
    const set: Operation = {
      do: () => {
        done = true;
        return undefined;
      },
    };
    const held = preempted({ visit: 0, hold: 3 });
    expect(
      told(
        await driven(
          [
            [at(a), set],
            [spin, at(b)],
          ],
          held,
        ),
      ),
    ).toBe('0a3time 1b');
    expect(told(await driven([[at(a), at(a)], []], held))).toBe('0a3time 0a');
  });

  test('goes round where one spins that nobody is held for', async () => {
    let done = false;
    const spin: Operation = { do: () => (done ? undefined : 'wait') };
    const set: Operation = {
      do: () => {
        done = true;
        return undefined;
      },
    };
    expect(
      told(
        await driven(
          [
            [spin, at(a)],
            [set, at(b)],
          ],
          undisturbed,
        ),
      ),
    ).toBe('1b 0a');
  });

  test('is given up after its time, of the machine’s', async () => {
    const spin: Operation = { do: () => 'wait' };
    expect(told(await driven([[at(a), spin], [spin]], undisturbed))).toBe('0a');
  });

  test('knows where the work begins and ends: no visit counts afterwards, and nobody is held', async () => {
    const bounds = at(boundsAddress);
    const held = preempted({ visit: 0, hold: 3 });
    expect(
      told(
        await driven(
          [
            [bounds, ...plain(3), at(b)],
            [at(a), bounds, at(b)],
          ],
          undisturbed,
        ),
      ),
    ).toBe('0b 1a');
    expect(
      told(
        await driven(
          [
            [bounds, at(a), at(b)],
            [bounds, at(b), at(b)],
          ],
          held,
        ),
      ),
    ).toBe('0a3');
  });

  test('never holds the last CPU that runs', async () => {
    const visits = await driven(
      [[at(a)], [...plain(6), at(b), at(b)]],
      preempted({ visit: 0, hold: 9 }, { visit: 1, hold: 1 }),
    );
    expect(told(visits)).toMatch(/^0a9\w* 1b 1b$/);
  });
});

/** A lost update: CPU 0 reads, comes to `b`, and writes what it read plus one; CPU 1 adds one at once, later. */
function lostUpdate(locked: boolean) {
  let n = 0;
  let seen = 0;
  let lock = false;
  const act = (work: () => void): Operation => ({
    do: () => {
      work();
      return undefined;
    },
  });
  const first: Operation[] = [
    at(a),
    act(() => {
      lock = locked;
      seen = n;
    }),
    at(b),
    act(() => {
      n = seen + 1;
      lock = false;
    }),
    at(a),
    ...plain(40),
  ];
  const add: Operation = {
    do: () => {
      if (lock) return 'wait';
      n += 1;
      return undefined;
    },
  };
  return { programs: [first, [...plain(30), at(a), add, at(b), at(a), at(a)]], count: () => n };
}

async function oneRun(locked: boolean, schedule: Schedule): Promise<HuntRun> {
  const { programs, count } = lostUpdate(locked);
  const visits = await driven(programs, schedule);
  const passed = count() === 2;
  return {
    ...{ schedule, visits, ms: 1 },
    outcome: passed ? 'passed' : 'failed',
    status: passed ? 0 : 1,
    console: [`counted ${count()}`, `vflab-hunt-end ${passed ? 0 : 1}`],
  };
}

const headOf = (result: HuntResult): HuntHead => ({
  ...{ title: 'made, 6.1', points: ['a', 'b'], preemptions: 3, longest: 6 },
  weight: weigh(result, { preemptions: 3, longest: 6, cpus: 2 }),
  replay: (seed) => `vflab hunt made --seed ${seed}`,
});

function hunted(run: (schedule: Schedule) => Promise<HuntRun>, tell: (event: HuntEvent) => void = () => {}) {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1);
  let now = 0;
  return hunt({
    ...{ seeds, preemptions: 3, longest: 6, cpus: 2, jobs: 2, shrinkHits: 2, run, tell },
    now: () => {
      now += 30_000;
      return now;
    },
  });
}

describe('a hunt', () => {
  test('finds the planted failure and shrinks it to the one preemption that it takes', async () => {
    const result = await hunted((schedule) => oneRun(false, schedule));
    expect(result.undisturbed.outcome).toBe('passed');
    expect(result.runs).toBe(60);
    expect(result.hits.length).toBeGreaterThan(3);
    expect(result.hits.length).toBeLessThan(40);
    for (const { shrunk } of result.hits.slice(0, 2)) {
      expect(shrunk!.minimal).toBe(true);
      expect(shrunk!.schedule.preemptions).toHaveLength(1);
      // CPU 0 at `b`, between its read and its write, until CPU 1 has read.
      expect(shrunk!.run.visits[shrunk!.schedule.preemptions[0]!.visit]).toMatchObject({
        cpu: 0,
        point: 'b',
      });
      expect(shrunk!.replay).toEqual({ same: true });
    }
    expect(result.hits[2]!.shrunk).toBeUndefined();
    const text = huntText(headOf(result), result, styleFor(false));
    expect(text).toContain(`${result.hits.length} of 60: `);
    expect(text).toContain('60 runs in 30.0 s, 120 a minute.');
    expect(text).toMatch(
      /Of \d preemptions? 1 preemption is needed \(\d+ tries; run again, the same to the last byte/,
    );
    expect(text).toContain('    CPU0 is held at b (visit 1)\n      CPU1 a\n');
    expect(text).toContain(`Again: vflab hunt made --seed ${result.hits[0]!.seed}`);
  });

  test('finds nothing where a lock is held, and states the bound', async () => {
    const result = await hunted((schedule) => oneRun(true, schedule));
    expect(result.hits).toEqual([]);
    const text = huntText(headOf(result), result, styleFor(false));
    expect(text).toContain('0 of 60: below 4.9 % at 95 % of the schedules fail');
    expect(text).toContain('A failure of one preemption would be met by at least ');
  });

  test('that does not end says nothing, and is not counted', async () => {
    let n = 0;
    const result = await hunted(async (schedule) => {
      n += 1;
      const one = await oneRun(true, schedule);
      return n % 2 === 0 ? { ...one, outcome: 'unfinished' } : one;
    });
    expect(result.unfinished.length).toBeGreaterThan(20);
    expect(result.runs).toBe(60 - result.unfinished.length);
    expect(huntText(headOf(result), result, styleFor(false))).toContain(
      `${result.unfinished.length} more did not end in their time and say nothing`,
    );
  });

  test('a replay that differs is told, with the line', async () => {
    let n = 0;
    const result = await hunted(async (schedule) => {
      n += 1;
      const one = await oneRun(false, schedule);
      return { ...one, console: [...one.console, `noise ${n}`] };
    });
    expect(result.hits[0]!.shrunk!.replay).toEqual({ same: false, line: 3, outcome: 'failed' });
    expect(huntText(headOf(result), result, styleFor(false))).toContain(
      'different from line 3 of its console on',
    );
  });

  test('does not begin where the work fails by itself', async () => {
    const result = await hunted(async (schedule) => ({
      ...(await oneRun(false, schedule)),
      outcome: 'failed',
      status: 3,
    }));
    expect(result.runs).toBe(0);
    expect(huntText(headOf(result), result, styleFor(false))).toContain(
      'the work failed with status 3: that needs no hunt',
    );
  });

  test('does not begin where no point is visited', async () => {
    const result = await hunted(async () => ({ ...(await oneRun(false, undisturbed)), visits: [] }));
    expect(result.runs).toBe(0);
    expect(huntText(headOf(result), result, styleFor(false))).toContain('comes to none of its points: a, b');
  });
});
