import { expect, test } from 'vitest';
import { counted } from '../../conformance/spin/spin.ts';

// What pan of spin 6.5.2 printed.
const whole = `
State-vector 52 byte, depth reached 19, errors: 0
      424 states, stored
      368 states, matched
      792 transitions (= stored+matched)
`;

test('states, and transitions without the way into the first state', () =>
  expect(counted(whole)).toEqual({ states: 424, transitions: 791 }));

test('a search that was cut is no count', () => {
  expect(() => counted(`error: max search depth too small\n${whole}`)).toThrow('not the whole search');
  expect(() => counted('pan: out of memory')).toThrow();
  expect(() => counted('')).toThrow('pan says no');
});
