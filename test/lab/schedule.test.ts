/** Schedules and invariants: what a lab may say, and the concrete moments that a plan makes of it. */
import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/lab/make-plan.ts';
import type { ScheduledFault, VariantPlan } from '../../src/lab/plan.ts';
import { labOf, problemsIn, small, smallWith } from './load.ts';

const withFaults = (entries: string, more = '') =>
  smallWith(
    'variants:',
    `  tlp: { kind: aer, target: nic0, error: BadTLP, severity: correctable }\n${more}variants:`,
  ).replace('faults: [abort]', `faults: [${entries}]`);

function variantOf(text: string, seed?: number): VariantPlan {
  const made = makePlan(labOf(text), { name: 'x', file: 'x.yaml', ...(seed === undefined ? {} : { seed }) });
  if (!made.ok) throw new Error(made.problems.join());
  expect(made.plan.seed).toBe(made.plan.variants[0]!.seed);
  return made.plan.variants[0]!;
}

function scheduleOf(text: string, seed?: number): ScheduledFault[] {
  return variantOf(text, seed).phases.flatMap((phase) =>
    phase.actions.flatMap((action) => (action.do === 'run-schedule' ? action.schedule : [])),
  );
}

describe('moments', () => {
  test.each([
    ['{ fault: tlp, at: 1.5s }', [1500]],
    ['{ fault: tlp, every: 2s, times: 3 }', [0, 2000, 4000]],
    ['{ fault: tlp, at: 1s, every: 500ms, during: 2s }', [1000, 1500, 2000, 2500]],
    ['{ fault: tlp, every: 3s, during: 1s }', [0]],
  ])('%s', (entry, atMs) => {
    expect(scheduleOf(withFaults(entry))).toEqual([{ fault: 'tlp', atMs }]);
  });

  const drawn = withFaults('{ fault: tlp, random: { times: 20, within: 30s } }');
  test('random ones are in order, inside their time, and the same for the same seed only', () => {
    const [{ atMs }] = scheduleOf(drawn, 7) as [ScheduledFault];
    expect(atMs).toHaveLength(20);
    expect(atMs).toEqual(atMs.toSorted((a, b) => a - b));
    expect(atMs.every((ms) => ms >= 0 && ms < 30_000)).toBe(true);
    expect(new Set(atMs).size).toBeGreaterThan(15);
    expect(scheduleOf(drawn, 7)).toEqual(scheduleOf(drawn, 7));
    expect(scheduleOf(drawn, 8)).not.toEqual(scheduleOf(drawn, 7));
  });
  test('one fault more does not move the moments of another', () => {
    const two = withFaults(
      '{ fault: abort, random: { times: 3, within: 9s } }, { fault: tlp, random: { times: 20, within: 30s } }',
    );
    expect(scheduleOf(two, 7)[1]).toEqual(scheduleOf(drawn, 7)[0]);
  });
  test("the lab's own seed, and one from outside that wins", () => {
    const text = drawn.replace('variants:', 'seed: 99\nvariants:');
    expect(variantOf(text).seed).toBe(99);
    expect(variantOf(text, 3).seed).toBe(3);
  });
  test('a plan without chance has no seed, and without a schedule it is as ever', () => {
    expect(variantOf(withFaults('{ fault: tlp, at: 1s }'), 5).seed).toBeUndefined();
    expect(variantOf(small, 5).seed).toBeUndefined();
    expect(variantOf(small).phases.find(({ name }) => name === 'fault')!.actions).toEqual([
      { do: 'inject', fault: 'abort' },
    ]);
  });
  test('those by name come in order, beside the schedule', () => {
    const { phases } = variantOf(withFaults('{ fault: tlp, at: 1s }, abort'));
    expect(phases.find(({ name }) => name === 'fault')!.actions).toEqual([
      { do: 'run-schedule', inOrder: ['abort'], schedule: [{ fault: 'tlp', atMs: [1000] }] },
    ]);
  });
});

describe('problems', () => {
  const first = (text: string) => problemsIn(text).split('\n')[0];
  test.each([
    [
      '{ fault: tpl, at: 1s }',
      /16:29: variants.hang.faults\[0\].fault: unknown fault "tpl" \(did you mean "tlp"\?\)/,
    ],
    ['{ fault: tlp }', /faults\[0\]: say when: `at`, `every` or `random`/],
    ['{ fault: tlp, at: 5 }', /faults\[0\].at: a duration is a number and its unit: 500ms, 2s, 1.5min/],
    ['{ fault: tlp, att: 5s }', /faults\[0\].att: unknown key \(did you mean "at"\?\)/],
    ['{ fault: tlp, times: 5 }', /faults\[0\].times: say how far apart/],
    ['{ fault: tlp, every: 0s, times: 5 }', /faults\[0\].every: must be more than nothing/],
    ['{ fault: tlp, every: 2s }', /faults\[0\].every: say until when as well/],
    ['{ fault: tlp, every: 2s, times: 2, during: 4s }', /faults\[0\].during: `times` says until when/],
    ['{ fault: tlp, during: 4s }', /faults\[0\].during: tlp happens at a moment/],
    ['{ fault: tlp, every: 2s, random: { times: 1, within: 1s } }', /faults\[0\].every: `random` says when/],
    ['{ fault: tlp, at: 61min }', /faults\[0\]: this is longer than an hour/],
    ['tlp, { fault: tlp, at: 1s }', /faults\[1\].fault: tlp is already injected/],
    ['5', /faults\[0\]: expected a name or a map, found 5/],
  ])('%s', (entry, said) => expect(first(withFaults(entry))).toMatch(said));

  test.each([
    ['{ guestAnswers: vm1 }', /invariants\[0\].guestAnswers: unknown guest "vm1" \(did you mean "vm0"\?\)/],
    ['{ traffic: nic0-vf2 }', /invariants\[0\].traffic: unknown traffic check "nic0-vf2" \(did you mean/],
    [
      '{ ledgerBalanced: { within: 5s } }',
      /invariants\[0\].ledgerBalanced: there is no ledger: write `ledger: true`/,
    ],
    ['{ guestAnswers: vm0, traffic: nic0 }', /invariants\[0\]: an invariant says one thing/],
    ['{ guestAnswers: vm0, every: 10ms }', /invariants\[0\].every: must be at least 100ms/],
    ['{ guestAnswers: vm0 }, { guestAnswers: vm0, every: 5s }', /invariants\[1\]: this is demanded already/],
    ['{ globalAvailable: 5 }', /invariants\[0\].globalAvailable: expected a map, found 5/],
  ])('%s', (invariant, said) =>
    expect(first(withFaults('abort', `invariants: [${invariant}]\n`))).toMatch(said),
  );
});

test('what the lab demands already, a variant need not', () => {
  const text = withFaults('abort', 'invariants: [{ guestAnswers: vm0 }]\n').replace(
    'faults: [abort]',
    'faults: [abort], invariants: [{ guestAnswers: vm0, every: 9s }]',
  );
  expect(problemsIn(text)).toMatch(/variants.hang.invariants\[0\]: this is demanded already/);
});

describe('invariants', () => {
  const text = withFaults(
    'abort',
    'invariants: [{ guestAnswers: vm0 }, { globalAvailable: { atLeast: 9 }, every: 3s }]\n',
  ).replace('faults: [abort]', 'faults: [abort], invariants: [{ traffic: nic0-vf1, within: 4s }]');
  test("the lab's and the variant's, with what it takes to check them", () => {
    const { invariants, host, phases } = variantOf(text);
    expect(invariants).toEqual([
      { id: 'vm0-answers', kind: 'guest-answers', guest: 'vm0', everyMs: 2000, withinMs: 10_000 },
      { id: 'global-available', kind: 'global-available', atLeast: 9, everyMs: 3000, withinMs: 10_000 },
      { id: 'traffic-nic0-vf1', kind: 'traffic', traffic: 'nic0-vf1', everyMs: 2000, withinMs: 4000 },
    ]);
    expect(host.spec.gdbStub).toBe(true);
    expect(phases.find(({ name }) => name === 'fault')!.actions).toEqual([
      { do: 'run-schedule', inOrder: ['abort'], schedule: [] },
    ]);
  });
});
