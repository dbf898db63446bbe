import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Detector,
  type DetectorOptions,
  type Interrupt,
  newDetector,
  type Returned,
  secondsToTrip,
  step,
} from '../../../src/model/genirq/spurious.ts';

const hz250: DetectorOptions = { hz: 250 };

/** Feeds interrupts until the kernel speaks; @returns at which one (1-based), or undefined. */
function firstWord(
  count: number,
  interrupt: (n: number) => Interrupt,
  options = hz250,
): { at?: number; end: Detector } {
  let state = newDetector();
  for (let n = 1; n <= count; n++) {
    const { after, said } = step(state, interrupt(n), options);
    state = after;
    if (said) return { at: n, end: state };
  }
  return { end: state };
}
const none = (jiffies: number): Interrupt => ({ returned: 'none', jiffies });

describe('note_interrupt', () => {
  test('a line that nobody handles goes off at interrupt 100,000', () => {
    const { at, end } = firstWord(200_000, (n) => none(n));
    expect(at).toBe(100_000);
    expect(end).toMatchObject({ disabled: true, count: 0, unhandled: 0 });
  });

  // 99,900 is tolerated, 99,901 is not: "more than".
  test.each([
    [99, 100_000],
    [100, undefined],
  ])('%i handled among 100,000 decide', (handled, at) => {
    const { at: seen } = firstWord(100_000, (n) => ({
      returned: n > 1 && n <= handled + 1 ? 'handled' : 'none',
      jiffies: 1,
    }));
    expect(seen).toBe(at);
  });

  test('interrupts that were handled before the first unhandled one do not count', () => {
    const { at } = firstWord(400_000, (n) => ({ returned: n <= 150_000 ? 'handled' : 'none', jiffies: 1 }));
    expect(at).toBe(250_000);
  });

  test('a gap of more than 100 ms begins a new series: no doomsday timer', () => {
    const gap = Math.floor(hz250.hz / 10) + 1;
    expect(firstWord(300_000, (n) => none(n * gap)).at).toBeUndefined();
    expect(firstWord(300_000, (n) => none(n * (gap - 1))).at).toBe(100_000);
  });

  test('a thread is judged one interrupt later, by whether it handled anything', () => {
    const idle = firstWord(200_000, () => ({ returned: 'wake', jiffies: 1, threadsHandled: 0 }));
    expect(idle.at).toBe(100_001);
    const busy = firstWord(200_000, (n) => ({ returned: 'wake', jiffies: 1, threadsHandled: n }));
    expect(busy.at).toBeUndefined();
  });

  test('a bogus return value is reported at once and changes nothing', () => {
    const { after, said } = step(newDetector(), { returned: 'bogus', jiffies: 1 }, hz250);
    expect([said, after]).toEqual(['bogus-return', newDetector()]);
  });

  test('irqfixup that finds the owner elsewhere keeps the line alive', () => {
    const found = firstWord(300_000, (n) => none(n), { hz: 250, irqfixup: 1, foundElsewhere: true });
    expect(found.at).toBeUndefined();
  });

  test('never goes off while one in 999 is handled, whatever the order', () => {
    const returned = fc.constantFrom<Returned>('none', 'none', 'none', 'handled-and-wake');
    fc.assert(
      fc.property(fc.array(returned, { minLength: 1, maxLength: 50 }), (pattern) => {
        const { at } = firstWord(120_000, (n) => ({
          returned: n % 999 === 0 ? 'handled' : pattern[n % pattern.length]!,
          jiffies: 1,
        }));
        return at === undefined;
      }),
      { numRuns: 10 },
    );
  });
});

test('how soon a storm kills its line', () => {
  expect(secondsToTrip(100_000)).toBeCloseTo(1, 2);
  expect(secondsToTrip(5)).toBe(Number.POSITIVE_INFINITY);
});
