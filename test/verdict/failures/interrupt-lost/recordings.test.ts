/** Recorded races: what they prove, and that each proof can fail. */
import { describe, expect, it } from 'vitest';
import { type StoredRunCopy, stored } from '../../stored-run.ts';
import { controls } from './controls.ts';

const told = (run: StoredRunCopy) => {
  const { verdict, remedy, race, findings } = run.judge();
  // A machine whose CPUs are held has a clock that stands still, which is a warning.
  const grave = findings.filter(({ severity }) => severity === 'error' || severity === 'infrastructure');
  const ids = grave.map(({ id }) => id);
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
  expect(verdict.chain.map(({ text }) => text)).toContain(
    'In the ledger of irq 29, from the device to the handler: 7 raised, 7 delivered, 3 handled, 1 discarded while the irq was freed and requested again, 3 lost.',
  );
  for (const { evidence } of verdict.chain)
    for (const { file, line, text } of evidence)
      expect(run.contents.get(file)!.split('\n')[line - 1]).toContain(text.slice(0, 60));
});

it('6.12: the same order, and nothing is lost', () => {
  expect(told(stored('race-overwrite-6.12'))).toEqual({
    ...{ verdict: 'clean', remedy: undefined, cure: 'locking', seen: seen(false, false), ids: [] },
  });
});

it('6.12: one interrupt is thrown away, and injecting it once more cures that', () => {
  expect(told(stored('race-loss-6.12'))).toMatchObject({
    ...{ verdict: 'reproduced', cure: 'locking', seen: seen(false, true), ids: ['interrupt-lost'] },
  });
  expect(told(stored('race-loss-inject-6.12'))).toMatchObject({
    ...{ verdict: 'reproduced', remedy: 'cured', cure: 'locking+inject', seen: seen(false, false) },
  });
});

it('6.1: the slot of another device is wiped', () => {
  const run = stored('race-wipe-6.1');
  expect(told(run)).toMatchObject({
    ...{ verdict: 'reproduced', cure: '6.1', seen: { wipe: true, foreign: false } },
    ids: ['slot-overwritten'],
  });
  const { reason, asExpected, chain } = run.judge();
  expect([reason, asExpected]).toEqual([
    'No interrupt of nic1 is handled any more: its slot of vector_irq[] was wiped for a late one of nic0, which was taken away',
    true,
  ]);
  expect(chain.at(-1)?.text).toBe('Of 3 interrupts raised afterwards 0 were handled.');
});

it('6.12: the same order; the handler of another device is called once for nothing', () => {
  const run = stored('race-wipe-6.12');
  expect(told(run)).toMatchObject({
    ...{ verdict: 'clean', cure: '6.12', seen: { wipe: false, foreign: true }, ids: [] },
  });
  expect(run.judge().findings.map(({ id }) => id)).toContain('interrupt-foreign');
  // Control: had its own device raised it, it would be none.
  const own = stored('race-wipe-6.12').events((e) =>
    e.kind === 'interrupts' && e.function === 'nic1' ? { ...e, spurious: 0, raised: e.handled } : e,
  );
  expect(own.judge().race?.seen).toEqual({ wipe: false, foreign: false });
});

describe('controls', () => {
  it.each(controls.map((control) => [control.name, control] as const))(
    '%s',
    (_, { run, verdict, finding }) => {
      const judged = told(run());
      expect(judged.verdict).toBe(verdict);
      expect(judged.ids).toContain(finding);
    },
  );
});
