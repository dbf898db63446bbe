import { expect, test } from 'vitest';
import { q35Line, swizzled } from '../../../src/model/intx/wiring.ts';

test('slots 0 to 0x18 take PIRQE to PIRQH by turns, beginning at the slot', () => {
  expect([4, 5, 6, 7, 8, 9, 0x18].map((slot) => q35Line(slot, 0))).toEqual([20, 21, 22, 23, 20, 21, 20]);
  expect([0, 1, 2, 3].map((pin) => q35Line(5, pin as 0))).toEqual([21, 22, 23, 20]);
});

test('slots 0x19 to 0x1d and 0x1f have PIRQA to PIRQD, 0x1e has PIRQE to PIRQH', () => {
  expect([0x19, 0x1d, 0x1f].map((slot) => q35Line(slot, 1))).toEqual([17, 17, 17]);
  expect([0, 1, 2, 3].map((pin) => q35Line(0x1e, pin as 0))).toEqual([20, 21, 22, 23]);
});

test('behind a bridge the pin moves on by the slot; behind a root port, in slot 0, it stays', () => {
  expect(swizzled(0, 2)).toBe(2);
  expect([1, 2, 3, 4].map((slot) => swizzled(slot, 0))).toEqual([1, 2, 3, 0]);
});
