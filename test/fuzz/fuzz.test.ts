/** A short run of what test/nightly/fuzz.test.ts does for minutes, and whether it can find anything. */
import { describe, expect, test } from 'vitest';
import { fuzz, type Target } from './fuzz.ts';
import { seededRandom } from './mutate.ts';
import { targets } from './targets.ts';

test.each(targets)('$name: 300 inputs', (target) => {
  expect(fuzz(target, seededRandom(1), (inputs) => inputs < 300).fault).toBeUndefined();
});

describe('what it is there for is found', () => {
  const seeds = ['[    1.000000] pci 0000:01:00.0: AER: error\n'.repeat(20)];
  const run = (parse: Target['parse'], limitMs?: number) =>
    fuzz({ name: 'control', seeds, parse }, seededRandom(1), (inputs) => inputs < 3000, limitMs);

  test('a throw', () => {
    const { fault, inputs } = run((text) => {
      if (/\d\d\d:0[^1]/.test(text)) throw new Error('no such bus');
    });
    expect(fault?.what).toContain('no such bus');
    expect(inputs).toBeLessThan(3000);
  });

  test('time that grows with the square of the input', () => {
    // Looks at all that follows, from every character.
    const { fault } = run((text) => /.*\0/s.exec(text.slice(0, text.length / 10)), 20);
    expect(fault?.what).toMatch(/ms of a CPU for \d+ characters/);
  });

  test('a sound parser has no fault', () => {
    expect(run((text) => text.split('\n').length).fault).toBeUndefined();
  });
});

test('the same seed gives the same inputs', () => {
  const seen = (seed: number) => {
    const inputs: string[] = [];
    const parse = (text: string) => void inputs.push(text);
    fuzz({ name: 'x', seeds: ['a\nb 1\n', 'c'], parse }, seededRandom(seed), (n) => n < 50);
    return inputs;
  };
  expect(seen(7)).toEqual(seen(7));
  expect(seen(7)).not.toEqual(seen(8));
});
