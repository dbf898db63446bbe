import { expect, test } from 'vitest';
import { debianHz, leastPolledSeconds, polledRate, pollPeriodMs } from '../../../src/model/genirq/poller.ts';

test('POLL_SPURIOUS_IRQ_INTERVAL (HZ/10) and the jiffy by which the timer wheel rounds up', () => {
  expect(pollPeriodMs(debianHz)).toBe(104);
  expect(polledRate(debianHz)).toBeCloseTo(9.6, 1);
});

// 20 reads one after the other on a line that was off: 2.02 to 2.12 s, seen on 6.1 and 6.12.
test('twenty requests, the first of which may be in time for a poll that was due', () => {
  expect(leastPolledSeconds(20, pollPeriodMs(debianHz))).toBeCloseTo(1.976);
  expect(leastPolledSeconds(20)).toBeCloseTo(1.919);
  expect(leastPolledSeconds(0)).toBe(0);
});
