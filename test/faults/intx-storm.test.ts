/** The storm's own logic: readings, proof, and where it refuses. */
import { describe, expect, test } from 'vitest';
import { parseLineSamples } from '../../src/evidence/line-samples.ts';
import type { LineReading } from '../../src/evidence/record.ts';
import { parseLine } from '../../src/faults/intx-storm/line.ts';
import { proved } from '../../src/faults/intx-storm/prove.ts';
import { prepareRoute } from '../../src/faults/intx-storm/routing.ts';
import { IntxStormFault, intxStormWords } from '../../src/faults/intx-storm/schema.ts';

const fault = (more: object = {}) => IntxStormFault.parse({ kind: 'intx-storm', source: 'card0', ...more });

describe('a reading of the line', () => {
  test('per_cpu_count, /proc/irq/N/spurious and the histogram of answers, as 6.12 printed them', () => {
    expect(parseLine('17.61 0,101003 12 7\nret 0 100011\nret 1 60\n')).toEqual({
      interrupts: 101_003,
      count: 12,
      unhandled: 7,
      returned: { none: 100_011, handled: 60, wake: 0 },
    });
  });

  test('a kernel without histogram triggers gives the counts alone', () => {
    expect(parseLine('17.61 5,8,0,0 0 0\n')).toMatchObject({
      interrupts: 13,
      returned: { none: 0, handled: 0, wake: 0 },
    });
  });

  test('anything else is no reading', () => {
    expect(() => parseLine('sh: /proc/irq/21/spurious: No such file\n')).toThrow(/not a reading/);
  });

  test('looks: what is no look is left out, and the lines keep their numbers', () => {
    expect(parseLineSamples('17.2 1003 0 0\nbusy\n17.25 0,1050 47 47\n17.3 10')).toEqual([
      { line: 1, text: '17.2 1003 0 0', t: 17.2, interrupts: 1003, count: 0, unhandled: 0 },
      { line: 3, text: '17.25 0,1050 47 47', t: 17.25, interrupts: 1050, count: 47, unhandled: 47 },
    ]);
  });
});

describe('the proof', () => {
  const reading = (interrupts: number): LineReading => ({
    ...{ interrupts, count: 0, unhandled: 0 },
    returned: { none: interrupts, handled: 0, wake: 0 },
  });
  const line = (interrupts: number) => ({ irq: 21, before: reading(3), after: reading(3 + interrupts) });
  const raised = { asserts: true, disabled: false };

  test.each([
    ['the source asserts, and the line saw it', fault(), 100_000, raised, true],
    [
      'a remedy kept every interrupt away: the source alone speaks',
      fault(),
      0,
      { asserts: true, disabled: true },
      true,
    ],
    ['the source does not assert', fault(), 0, { asserts: false, disabled: false }, false],
    [
      'interrupts of somebody else prove nothing',
      fault(),
      100_000,
      { asserts: false, disabled: false },
      false,
    ],
    ['bursts that made the detector judge', fault({ rate: 'bursts' }), 110_000, raised, true],
    ['bursts too few for it to judge', fault({ rate: 'bursts' }), 90_000, raised, false],
    [
      'misrouted, and they arrive',
      fault({ onto: 'disk0' }),
      12,
      { ...raised, route: { now: 0x3215, was: 0x3210 } },
      true,
    ],
    [
      'misrouted, and nothing arrives',
      fault({ onto: 'disk0' }),
      0,
      { ...raised, route: { now: 0x3215, was: 0x3210 } },
      false,
    ],
    [
      'the route is as it was',
      fault({ onto: 'disk0' }),
      12,
      { ...raised, route: { now: 0x3210, was: 0x3210 } },
      false,
    ],
  ])('%s', (_, storm, interrupts, source, expected) => {
    expect(proved(storm, line(interrupts), source).proved).toBe(expected);
  });

  test('says what was seen', () => {
    expect(proved(fault(), line(100_000), raised).because).toEqual([
      "the source's Status register says that it asserts its INTx",
      '100000 interrupts on irq 21',
    ]);
  });
});

test('only slots with a route register can be misrouted, and only to the lines of the eight PIRQs', async () => {
  const host = { must: () => Promise.reject(new Error('nothing may be touched')) } as never;
  const signal = new AbortController().signal;
  await expect(prepareRoute(host, '0000:00:05.0', 21, signal)).rejects.toMatchObject({
    code: 'FAULT_IMPOSSIBLE',
  });
  await expect(prepareRoute(host, '0000:00:19.0', 24, signal)).rejects.toMatchObject({
    code: 'FAULT_IMPOSSIBLE',
  });
});

describe('a lab that asks for what cannot be', () => {
  const functions = [
    { name: 'card0', kind: 'edu' },
    { name: 'nic0', kind: 'e1000' },
    { name: 'disk0', kind: 'virtio-blk' },
  ] as never;
  const unknown = (what: string, name: string) => `unknown ${what} "${name}"`;
  const complaints = (more: object) => [
    ...intxStormWords.check(fault(more), {
      functions,
      ports: [],
      guests: [],
      cpusOf: () => 2,
      portOf: () => '',
      unknown,
    }),
  ];
  test.each([
    [{}, []],
    [{ source: 'nic0', onto: 'disk0' }, []],
    [{ source: 'card1' }, ['source']],
    [{ source: 'disk0' }, ['source']],
    [{ onto: 'disk0' }, ['source']],
    [{ source: 'nic0', onto: 'disk1' }, ['onto']],
    [{ source: 'nic0', onto: 'disk0', rate: 'bursts' }, ['rate']],
  ])('%o', (more, keys) => {
    expect(complaints(more).map(({ key }) => key)).toEqual(keys);
  });
});
