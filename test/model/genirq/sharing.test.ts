import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flagNames, irqf, timerFlags } from '../../../src/model/genirq/flags.ts';
import { type Line, requestIrq, unshareable } from '../../../src/model/genirq/sharing.ts';

const old = { condOneshotRequests: false };
const since611 = { condOneshotRequests: true };
const line = (irq: number, name: string, flags: number, more: Partial<Line> = {}): Line => ({
  irq,
  actions: [{ name, flags }],
  ...more,
});

describe('__setup_irq: the lines that kernels printed', () => {
  test('a virtio disk without a pin asks for the timer’s irq (4.18)', () => {
    expect(requestIrq(line(0, 'timer', timerFlags), { name: 'virtio418', flags: irqf.SHARED }, old)).toEqual({
      granted: false,
      errno: -16,
      why: 'not-shared',
      message: 'genirq: Flags mismatch irq 0. 00000080 (virtio418) vs. 00015a00 (timer)',
    });
  });

  test('two functions that cannot mask INTx on one line', () => {
    const answer = requestIrq(
      line(16, 'vfio-intx(0000:04:00.0)', 0),
      { name: 'vfio-intx(0000:01:00.0)', flags: 0 },
      old,
    );
    expect(answer).toMatchObject({
      granted: false,
      message:
        'genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000000 (vfio-intx(0000:04:00.0))',
    });
  });

  test('from 6.11 on the same request prints COND_ONESHOT', () => {
    const answer = requestIrq(
      line(16, 'i801_smbus', irqf.SHARED | irqf.COND_ONESHOT),
      { name: 'vfio-intx(0000:01:00.0)', flags: 0 },
      since611,
    );
    expect(answer).toMatchObject({
      message: 'genirq: Flags mismatch irq 16. 00200000 (vfio-intx(0000:01:00.0)) vs. 00200080 (i801_smbus)',
    });
  });
});

describe('what keeps two actions apart', () => {
  const s = irqf.SHARED;
  test.each([
    ['both shared', s, s, undefined],
    ['the first alone', 0, s, 'not-shared'],
    ['the newcomer alone', s, 0, 'not-shared'],
    ['edge and level', s | irqf.TRIGGER_LOW, s | irqf.TRIGGER_RISING, 'trigger'],
    ['one is oneshot', s | irqf.ONESHOT, s, 'oneshot'],
    ['the newcomer is oneshot', s, s | irqf.ONESHOT, 'oneshot'],
    ['the newcomer joins a oneshot line', s | irqf.ONESHOT, s | irqf.COND_ONESHOT, undefined],
    ['the line does not join a oneshot newcomer', s | irqf.COND_ONESHOT, s | irqf.ONESHOT, 'oneshot'],
    ['one is per CPU', s, s | irqf.PERCPU, 'percpu'],
    ['sharing is looked at first', irqf.TRIGGER_LOW, s | irqf.ONESHOT, 'not-shared'],
  ] as const)('%s', (_, first, newcomer, why) => expect(unshareable(first, newcomer)).toBe(why));

  test('a request without trigger bits takes those of the line', () => {
    const answer = requestIrq(
      line(19, 'ehci', s | irqf.TRIGGER_LOW, { trigger: irqf.TRIGGER_LOW }),
      { name: 'x', flags: s },
      old,
    );
    expect(answer).toMatchObject({ granted: true });
    if (answer.granted) expect(answer.line.actions[1]!.flags).toBe(s | irqf.TRIGGER_LOW);
  });

  test('an ONESHOT_SAFE chip drops ONESHOT: threads on MSI are never refused for it', () => {
    const safe: Line = { irq: 30, actions: [], oneshotSafe: true };
    expect(requestIrq(safe, { name: 'nvme', flags: irqf.ONESHOT, threadOnly: true }, old)).toMatchObject({
      granted: true,
      line: { actions: [{ name: 'nvme', flags: 0 }] },
    });
    const unsafe: Line = { irq: 19, actions: [] };
    expect(requestIrq(unsafe, { name: 'acpi', flags: s, threadOnly: true }, old)).toMatchObject({
      errno: -22,
      why: 'threaded-without-oneshot',
    });
  });

  test('PROBE_SHARED fails without a word; an NMI is never shared', () => {
    const quiet = requestIrq(line(3, 'serial', 0), { name: 'x', flags: irqf.PROBE_SHARED }, old);
    expect(quiet).toEqual({ granted: false, errno: -16, why: 'not-shared' });
    expect(requestIrq(line(3, 'pmu', s, { nmi: true }), { name: 'x', flags: s }, old)).toMatchObject({
      errno: -22,
      why: 'nmi',
    });
  });

  // The source's condition, written down once more as it stands there.
  const asInSource = (o: number, n: number) => {
    const oldtype = o & 0xf || n & 0xf;
    if (!(o & n & 0x80) || oldtype !== (n & 0xf)) return true;
    const cond = o & 0x2000 && n & 0x200000;
    if (!cond && (o ^ n) & 0x2000) return true;
    return (o & 0x400) !== (n & 0x400);
  };
  test('agrees with the source for any two words', () => {
    const word = fc.integer({ min: 0, max: 0x3fffff });
    fc.assert(fc.property(word, word, (o, n) => (unshareable(o, n) !== undefined) === asInSource(o, n)));
  });
});

test('flags by name', () => {
  expect(flagNames(0)).toBe('0');
  expect(flagNames(0x80)).toBe('SHARED');
  expect(flagNames(0x15a00)).toBe('TIMER | NOBALANCING | IRQPOLL | NO_SUSPEND | NO_THREAD');
  expect(timerFlags).toBe(0x15a00);
  expect(flagNames(0x80000080)).toBe('SHARED | 0x80000000');
});
