import { describe, expect, test } from 'vitest';
import { newDetector, type Returned, step } from '../../../src/model/genirq/spurious.ts';
import { compareStorm, interruptsToJudgement, type LineSample } from '../../../src/model/genirq/trip.ts';

/** Runs note_interrupt() itself, and looks at it every `every` interrupts, as the harness looks at the kernel. */
function storm({
  returned = 'none',
  startCount = 0,
  every = 7_000,
  gapAfter = [],
  limit = 450_000,
}: {
  returned?: Returned;
  startCount?: number;
  every?: number;
  /** Interrupts after which 200 ms pass. */
  gapAfter?: number[];
  limit?: number;
}) {
  const hz = 250;
  let state = { ...newDetector(), count: startCount, unhandled: startCount, lastUnhandled: 0 };
  let t = 0;
  let interrupts = 0;
  const look = (): LineSample => ({ t, interrupts, count: state.count, unhandled: state.unhandled });
  const before = look();
  const samples: LineSample[] = [];
  while (!state.disabled && interrupts < limit) {
    t += 0.000003;
    if (gapAfter.includes(interrupts)) t += 0.2;
    interrupts += 1;
    state = step(state, { returned, jiffies: Math.floor(t * hz) }, { hz }).after;
    if (interrupts % every === 0) samples.push(look());
  }
  return { before, after: look(), samples, threaded: returned === 'wake', disabled: state.disabled };
}

describe('the closed form against note_interrupt()', () => {
  test.each([
    ['a plain handler', 'none', 0, 100_000],
    ['a threaded handler: the first answer is judged with the second interrupt', 'wake', 0, 100_001],
    ['a line that has counted before', 'none', 40_000, 60_000],
  ] as const)('%s', (_, returned, startCount, at) => {
    const seen = storm({ returned, startCount });
    expect(seen).toMatchObject({ disabled: true, after: { interrupts: at } });
    expect(interruptsToJudgement(startCount, returned === 'wake')).toBe(at);
    expect(compareStorm(seen)).toMatchObject({ interrupts: at, firstJudgement: at, passed: 0 });
    expect(compareStorm(seen).departure).toBeUndefined();
  });

  test('a gap of more than 100 ms restarts the unhandled: the line goes off 100,000 later', () => {
    const seen = storm({ gapAfter: [50_000] });
    expect(seen).toMatchObject({ disabled: true, after: { interrupts: 200_000 } });
    expect(compareStorm(seen)).toMatchObject({ passed: 1, mostUnhandled: 96_000 });
    expect(compareStorm(seen).departure).toBeUndefined();
  });

  test('a gap right before the judgement, between two looks: time passed that no look saw', () => {
    const seen = storm({ gapAfter: [99_500] });
    expect(seen).toMatchObject({ disabled: true, after: { interrupts: 200_000 } });
    expect(seen.samples.find(({ interrupts }) => interrupts > 90_000)).toMatchObject({ count: 91_000 });
    expect(compareStorm(seen).departure).toBeUndefined();
  });

  test('bursts with gaps between never switch it off', () => {
    const gapAfter = Array.from({ length: 40 }, (_, i) => (i + 1) * 10_000);
    const seen = storm({ gapAfter, every: 5_000, limit: 250_000 });
    expect(seen.disabled).toBe(false);
    expect(compareStorm(seen)).toMatchObject({ interrupts: 250_000, passed: 2, mostUnhandled: 10_000 });
    expect(compareStorm(seen).departure).toBeUndefined();
  });

  test('fewer than the first judgement needs', () => {
    const seen = storm({ limit: 60_000 });
    expect(compareStorm(seen)).toMatchObject({ interrupts: 60_000, passed: 0, firstJudgement: 100_000 });
  });
});

describe('what the model does not allow is said', () => {
  const trip = storm({});
  const move = (by: number) => ({
    ...trip,
    after: { ...trip.after, interrupts: trip.after.interrupts + by },
  });
  test.each([
    [-1, 'it went off after 99999 interrupts, and interrupt 100000 is the first that can do that'],
    [1, 'it went off after 100001 interrupts, between interrupt 100000 and interrupt 200000'],
  ])('off %i from the judgement', (by, departure) => {
    expect(compareStorm(move(by)).departure).toBe(departure);
  });

  test('a judgement passed without a gap', () => {
    const seen = storm({ limit: 99_999 });
    const on = {
      ...seen,
      after: { ...seen.after, t: seen.after.t + 0.001, interrupts: 150_000, count: 50_000 },
    };
    expect(compareStorm(on).departure).toBe(
      'it was not switched off at interrupt 100000, and nothing shows why',
    );
  });

  test('switched off although enough were handled', () => {
    const spared = trip.samples.map((sample) => ({ ...sample, unhandled: sample.unhandled - 500 }));
    expect(compareStorm({ ...trip, samples: spared }).departure).toContain('although 500 of');
  });
});
