import { expect, test } from 'vitest';
import { withShift } from '../../src/machine/state-clock.ts';

/** As a state has it: 1 s of bias, 250 million instructions. */
const clock = Buffer.concat([
  Buffer.from('before\u0005\u000ctimer/icount\u0000\u0000\u0000\u0001', 'latin1'),
  Buffer.from('000000003b9aca00000000000ee6b280', 'hex'),
  Buffer.from('after'),
]);
const bias = (state: Buffer) => state.readBigInt64BE(24);

test('the time stays, whatever the shift', () => {
  expect(bias(withShift(clock, 2, 2))).toBe(1_000_000_000n);
  // 1 s and 250 million times 4 ns are 2 s; at 8 ns the instructions alone are.
  expect(bias(withShift(clock, 2, 3))).toBe(0n);
  expect(bias(withShift(clock, 2, 0))).toBe(1_750_000_000n);
  const back = withShift(withShift(clock, 2, 0), 0, 2);
  expect(back.equals(clock)).toBe(true);
});

test('a state without such a clock, or with two, is none', () => {
  expect(() => withShift(Buffer.from('timer/icount'), 2, 3)).toThrow('has no clock of icount');
  expect(() => withShift(Buffer.concat([clock, clock]), 2, 3)).toThrow('has no clock of icount');
});
