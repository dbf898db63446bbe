import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCpuList, parseCpuList } from '../../src/evidence/cpu-list.ts';

test.each([
  [[0, 1, 2, 5, 7, 8], '0-2,5,7-8'],
  [[3], '3'],
  [[], ''],
])('%j is printed %s, and read back', (numbers, text) => {
  expect(formatCpuList(numbers)).toBe(text);
  expect(parseCpuList(`${text}\n`)).toEqual(numbers);
});

test('hostile lists: never throws, never longer than CPUs there can be', () => {
  expect(parseCpuList('x,4,-,9-7,1-99999')).toHaveLength(1 + 8191);
  fc.assert(fc.property(fc.string(), (text) => void parseCpuList(text)));
});
