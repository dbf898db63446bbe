/** Each test quotes what it checks from drivers/pci/pcie/err.c. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merge } from '../../src/model/aer/merge.ts';
import { isAsking, type RecoveryState, startRecovery, step } from '../../src/model/aer/recovery.ts';
import type { Result, WalkedFunction } from '../../src/model/aer/types.ts';
import { type KernelFeatures, kernelFeatures } from '../../src/model/features.ts';

const results: Result[] = ['none', 'can-recover', 'need-reset', 'disconnect', 'recovered', 'no-aer-driver'];
const old = kernelFeatures({ major: 6, minor: 12, sublevel: 95 });
const late = kernelFeatures({ major: 6, minor: 18, sublevel: 0 });

const fn = (bdf: string): WalkedFunction => ({ bdf, isVf: false, isBridge: false, disconnected: false });
const walk = [fn('0000:01:00.0'), fn('0000:01:10.0')];

/** Answers of every stage in turn; `reset` entries are the outcome of a reset. */
function run(state: RecoveryState, ...events: (Result | undefined | { reset: boolean })[]): RecoveryState {
  return events.reduce<RecoveryState>(
    (s, event) =>
      typeof event === 'object'
        ? step(s, { type: 'reset', ok: event.reset })
        : step(s, { type: 'answer', result: event }),
    state,
  );
}

describe('merge_result', () => {
  const table: [Result, Result, Result][] = [
    ['can-recover', 'none', 'can-recover'],
    ['can-recover', 'need-reset', 'need-reset'],
    ['recovered', 'disconnect', 'disconnect'],
    ['disconnect', 'need-reset', 'need-reset'],
    ['disconnect', 'recovered', 'disconnect'],
    ['need-reset', 'can-recover', 'need-reset'],
    ['need-reset', 'no-aer-driver', 'no-aer-driver'],
    ['no-aer-driver', 'recovered', 'no-aer-driver'],
  ];
  test.each(table)('%s, then %s: %s', (orig, vote, expected) => {
    expect(merge(orig, vote)).toBe(expected);
  });

  test('"PCI_ERS_RESULT_NO_AER_DRIVER prevents subsequent error callbacks": it is never outvoted', () => {
    const votes = fc.array(fc.constantFrom(...results));
    fc.assert(
      fc.property(
        votes,
        votes,
        (a, b) =>
          [...a, 'no-aer-driver' as const, ...b].reduce(merge, 'can-recover' as Result) === 'no-aer-driver',
      ),
    );
  });
});

describe('non-fatal', () => {
  test('all can recover: mmio_enabled, no reset, resume', () => {
    const asked = run(startRecovery(false, walk, old), 'can-recover', 'can-recover');
    expect(asked).toMatchObject({ stage: 'mmio_enabled', status: 'recovered', next: 0 });
    const resuming = run(asked, undefined, undefined);
    expect(resuming.stage).toBe('resume');
    expect(run(resuming, undefined, undefined)).toMatchObject({ stage: 'recovered', wasReset: false });
  });

  test('one needs a reset: slot_reset is broadcast, up to 6.17 without any reset', () => {
    const asked = run(startRecovery(false, walk, old), 'can-recover', 'need-reset');
    expect(asked).toMatchObject({ stage: 'slot_reset', wasReset: false });
    expect(run(asked, undefined, 'recovered').stage).toBe('resume');
  });

  test('one needs a reset: from 6.18 the bus is reset first', () => {
    const asked = run(startRecovery(false, walk, late), 'can-recover', 'need-reset');
    expect(asked.stage).toBe('reset');
    expect(run(asked, { reset: true })).toMatchObject({ stage: 'slot_reset', wasReset: true });
    expect(run(asked, { reset: false })).toMatchObject({ stage: 'perm_failure', failure: 'reset-failed' });
  });

  test('"pci_walk_bridge(bridge, report_perm_failure_detected, NULL)": from 6.18 all are told of a failure', () => {
    const told = run(startRecovery(false, walk, late), 'can-recover', 'no-aer-driver');
    expect(told).toMatchObject({
      stage: 'perm_failure',
      failure: 'status',
      next: 0,
      status: 'no-aer-driver',
    });
    // "err_handler->error_detected(dev, pci_channel_io_perm_failure);": what it answers goes nowhere.
    expect(run(told, 'can-recover', 'recovered')).toMatchObject({
      ...{ stage: 'failed', failure: 'status', status: 'no-aer-driver', wasReset: false },
    });
  });

  test('one without a callback: failed at once', () => {
    const asked = run(startRecovery(false, walk, old), 'can-recover', 'no-aer-driver');
    expect(asked).toMatchObject({ stage: 'failed', failure: 'status' });
  });

  test('slot_reset that answers DISCONNECT fails', () => {
    expect(
      run(startRecovery(false, walk, old), 'need-reset', 'need-reset', 'disconnect', 'recovered').stage,
    ).toBe('failed');
  });
});

describe('fatal', () => {
  test('up to 6.17 the reset comes right after error_detected', () => {
    const asked = run(startRecovery(true, walk, old), 'need-reset', 'can-recover');
    expect(asked.stage).toBe('reset');
    expect(run(asked, { reset: true }).stage).toBe('slot_reset');
  });

  test('from 6.18 it comes after mmio_enabled', () => {
    const asked = run(startRecovery(true, walk, late), 'can-recover', 'can-recover');
    expect(asked.stage).toBe('mmio_enabled');
    expect(run(asked, undefined, undefined).stage).toBe('reset');
  });

  test('the reset happens even when a function vetoes, and it fails all the same', () => {
    const asked = run(startRecovery(true, walk, old), 'need-reset', 'no-aer-driver');
    expect(asked.stage).toBe('reset');
    expect(run(asked, { reset: true })).toMatchObject({ stage: 'failed', failure: 'status' });
  });

  test('5.7 to 5.10: the result of the reset replaces the votes', () => {
    const odd: KernelFeatures = { ...old, aerResetOverridesVotes: true };
    expect(run(startRecovery(true, walk, odd), 'need-reset', 'no-aer-driver', { reset: true }).stage).toBe(
      'resume',
    );
  });
});

test('an empty bus recovers by itself', () => {
  expect(startRecovery(false, [], old).stage).toBe('recovered');
});

test('an event out of place is the caller’s mistake', () => {
  expect(() => step(startRecovery(false, walk, old), { type: 'reset', ok: true })).toThrow(/no reset/);
  const failed = run(startRecovery(false, walk, old), 'no-aer-driver', 'none');
  expect(() => step(failed, { type: 'answer', result: 'none' })).toThrow(/nobody/);
});

test('every recovery ends, recovered only if nobody vetoed, and each stage asks in bus order', () => {
  const answers = fc.array(fc.option(fc.constantFrom(...results), { nil: undefined }), {
    minLength: 60,
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.boolean(), answers, (frozen, isLate, ok, given) => {
      const functions = [fn('a'), fn('b'), fn('c')];
      let state = startRecovery(frozen, functions, isLate ? late : old);
      const queue = [...given];
      while (isAsking(state.stage) || state.stage === 'reset') {
        state =
          state.stage === 'reset'
            ? step(state, { type: 'reset', ok })
            : step(state, { type: 'answer', result: queue.pop() });
      }
      const vetoed = state.votes.some((v) => v.stage !== 'resume' && v.result === 'no-aer-driver');
      if (vetoed) expect(state.stage).toBe('failed');
      if (frozen && !ok) expect(state.stage).toBe('failed');
      for (const stage of ['error_detected', 'mmio_enabled', 'slot_reset', 'resume']) {
        const order = state.votes.filter((v) => v.stage === stage).map((v) => v.bdf);
        expect(order).toEqual(order.length === 0 ? [] : ['a', 'b', 'c']);
      }
    }),
  );
});
