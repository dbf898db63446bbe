import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCpuMask } from '../../src/evidence/cpu-mask.ts';

it.each([
  ['f\n', [0, 1, 2, 3]],
  ['1', [0]],
  ['0', []],
  ['80000000', [31]],
  ['ffff,00000001', [0, ...Array.from({ length: 16 }, (_, i) => 32 + i)]],
])('%j', (text, cpus) => {
  expect(parseCpuMask(text)).toEqual(cpus);
});

it.each(['', ',', 'f,', '0-3', '123456789', 'xyz'])('%j is no mask', (text) => {
  expect(parseCpuMask(text)).toBeUndefined();
});

it('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseCpuMask(text)));
});
