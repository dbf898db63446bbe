/** Recorded races: what they prove, and that each proof can fail. */
import { describe, expect, it } from 'vitest';
import type { VerdictWord } from '../../../../src/verdict/types.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const told = (run: StoredRunCopy) => {
  const { verdict, remedy, race, findings } = run.judge();
  const ids = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
  return { verdict, remedy, seen: race?.seen, cure: race?.cure, ids };
};
const seen = (overwrite: boolean, loss: boolean) => ({ 'overwrite-vfio': overwrite, 'loss-vfio': loss });

it('6.1: the handler is overwritten', () => {
  const run = stored('race-overwrite-6.1');
  const judged = told(run);
  expect(judged).toMatchObject({ verdict: 'reproduced', cure: 'none', seen: seen(true, true) });
  expect(judged.ids).toEqual(expect.arrayContaining(['interrupt-lost', 'slot-overwritten']));
  const verdict = run.judge();
  expect(verdict.asExpected).toBe(true);
  expect(verdict.chain.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^CPU1: writes VECTOR_UNUSED; vector_irq\[\d+\] of CPU1 then: unused\.$/),
  );
  for (const { evidence } of verdict.chain)
    for (const { file, line, text } of evidence)
      expect(run.contents.get(file)!.split('\n')[line - 1]).toContain(text.slice(0, 60));
});

type Spoil = (run: StoredRunCopy) => unknown;
const bad: Record<string, [run: string, spoil: Spoil, verdict: VerdictWord, id: string]> = {
  'a step did not come about': [
    'race-overwrite-6.1',
    (run) => run.events((e) => (e.kind === 'race-step' && e.step === 10 ? { ...e, done: false } : e)),
    ...(['inconclusive', 'race-astray'] as const),
  ],
  'the last steps are not on record': [
    'race-overwrite-6.1',
    (run) => run.events((e) => (e.kind === 'race-step' && e.step > 12 ? undefined : e)),
    ...(['inconclusive', 'race-astray'] as const),
  ],
  'the race is not on record': [
    'race-overwrite-6.1',
    (run) => run.events((e) => (e.kind === 'race' ? undefined : e)),
    ...(['inconclusive', 'race-astray'] as const),
  ],
  'the interrupt did not work before': [
    'race-overwrite-6.1',
    (run) =>
      run.events((e) => (e.kind === 'interrupts' && e.moment === 'before-fault' ? { ...e, handled: 0 } : e)),
    ...(['inconclusive', 'no-baseline'] as const),
  ],
  'the slot is gone, and the kernel says nothing': [
    'race-overwrite-6.1',
    (run) => run.hostLog(/No irq handler for vector/g, 'Nothing'),
    ...(['inconclusive', 'evidence-contradicts'] as const),
  ],
};

describe('known-bad records', () => {
  it.each(Object.entries(bad))('%s', (_, [name, spoil, verdict, id]) => {
    const run = stored(name);
    spoil(run);
    const judged = told(run);
    expect(judged.verdict).toBe(verdict);
    expect(judged.ids).toContain(id);
  });
});
