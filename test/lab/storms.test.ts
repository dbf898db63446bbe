/** A lab with an INTx storm: what its variants change of the host, what is checked when, and what cannot be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import { labOf, problemsIn } from './load.ts';

const text = readFileSync(join(import.meta.dirname, '../../labs/boot-interrupt-storm.yaml'), 'utf8');

function planOf(variant: string) {
  const result = makePlan(labOf(text), {
    name: 'storm',
    file: 'labs/storm.yaml',
    selection: { variant: [variant], kernel: ['6.12'] },
  });
  if (!result.ok) throw new Error(result.problems.join());
  return result.plan.variants[0]!;
}

test('a remedy adds to the command line, and gives the disk interrupt messages', () => {
  expect(planOf('irqfixup').host.spec.cmdline).toContain('irqfixup');
  expect(planOf('storm').host.spec.cmdline).not.toContain('irqfixup');
  const blk = (variant: string) => planOf(variant).host.spec.pci.find(({ id }) => id === 'disk0');
  expect(blk('storm')).toMatchObject({ kind: 'virtio-blk', vectors: 0 });
  expect(blk('message-signalled')).toMatchObject({ kind: 'virtio-blk', vectors: 2 });
});

test('what the storm does to traffic is checked before a remedy that comes after it', () => {
  const checks = (variant: string) =>
    planOf(variant).phases.flatMap(({ actions }) =>
      actions.flatMap((action) =>
        action.do === 'check-traffic' ? [`${action.traffic} ${action.moment}`] : [],
      ),
    );
  expect(checks('storm')).toEqual(['disk0 before-fault', 'nic0 before-fault', 'disk0 end', 'nic0 end']);
  expect(checks('silence-and-rebind')).toContain('disk0 after-fault');
});

test('a storm may take longer than other faults', () => {
  expect(planOf('storm').phases.find(({ name }) => name === 'fault')!.budgetMs).toBe(120_000);
});

describe('what cannot be', () => {
  test.each([
    ['source: card0 }', 'source: card1 }', 'unknown function "card1" (did you mean "card0"?)'],
    ['onto: disk0 }', 'onto: disk1 }', 'unknown function "disk1" (did you mean "disk0"?)'],
    [
      'source: card0 }',
      'source: disk0 }',
      'disk0 asserts its interrupt only when it has reason to: an edu does at will, or give `onto`',
    ],
    ['disk0: { vectors: 2 }', 'card0: { vectors: 2 }', 'unknown virtio-blk disk "card0"'],
  ])('%s → %s', (from, to, message) => {
    const problem = problemsIn(text.replace(from, to));
    expect(problem).toContain(message);
  });
});
