import { describe, expect, test } from 'vitest';
import type { Running } from '../../src/faults/common/affinity.ts';
import { pressureGone } from '../../src/faults/vector-pressure/heal.ts';
import { availableIn, provePressure } from '../../src/faults/vector-pressure/prove.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import { labOf, problemsIn } from '../lab/load.ts';

const event = (name: string, avl: number) =>
  `            perl-412     [001] d..2.  1042: irq_matrix_${name}: bit=38 cpu=1 online=1 avl=20 alloc=181 managed=0 online_maps=2 global_avl=${avl}, global_rsvd=14, total_alloc=362`;
const trace = [
  '# tracer: nop',
  event('alloc', 389),
  event('free', 390),
  event('alloc', 40),
  event('free', 390),
];

const running = (...texts: string[]): Running => ({
  ...{ on: 'host', t0: 10, stopFile: '', ended: Promise.resolve() },
  lines: texts.map((text, i) => ({ t: 11 + i, text })),
});
const fault = { kind: 'vector-pressure', leave: 40 } as const;
const last = 'held=350 free=390 left=40 back=390 alive=1';

describe('pressure is proved', () => {
  test('by the matrix itself', () => {
    expect(provePressure(fault, { running: running(last), trace: trace.join('\n') })).toEqual({
      proved: true,
      because: [
        '350 interrupt vectors were taken of 390 for 1.0 s',
        'the matrix had 40 left at the least (global_avl)',
      ],
      measured: { held: 350, free: 390, left: 40, lowest: 40, seconds: 1 },
    });
  });

  const failed = 'SET_IRQS of 350: No space left on device';
  test.each([
    ['more left than was asked for', 39, last, trace, 'the matrix had 40 left at the least (global_avl)'],
    ['no trace, whatever the program says', 40, last, [], 'the trace has no event of the matrix'],
    [
      'a program that ended before it was told to',
      40,
      last.replace('alive=1', 'alive=0'),
      trace,
      'the program that held them ended by itself',
    ],
    ['nothing to take', 400, 'held=0 free=390 left=390 alive=0', trace, 'no more than 400 were left before'],
    ['a program that says nothing', 40, 'mkdir: no', trace, 'mkdir: no'],
  ])('not with %s', (_, leave, line, lines, why) => {
    const proof = provePressure(
      { ...fault, leave },
      { running: running(failed, line), trace: lines.join('\n') },
    );
    expect(proof.proved).toBe(false);
    if (line.startsWith('held')) expect(proof.because).toContain(why);
  });

  test('only events of the matrix count', () => {
    expect(availableIn(`${event('alloc', 7)}\n perl-1 [000] .. 1: printk: global_avl=3, x\n`)).toEqual([7]);
  });
});

const after = { driver: 'virtio-pci', now: 'virtio-pci', interrupts: 0, left: 40, back: 390 };
describe('pressure is gone', () => {
  test('when the device has its driver and the matrix its vectors', () =>
    expect(pressureGone(after).proved).toBe(true));
  test.each([
    ['the device is still VFIO’s', { now: 'vfio-pci' }],
    ['it has no driver any more', { now: '' }],
    ['it still has interrupts', { interrupts: 3 }],
    ['the matrix has no more than before', { back: 40 }],
    ['nothing is known of the matrix', { back: Number.NaN }],
  ])('not when %s', (_, change) => expect(pressureGone({ ...after, ...change }).proved).toBe(false));
});

const lab = `title: t
failure: resources-leaked
host: { accounts: true, devices: { nic0: { kind: igb } } }
faults: { scarce: { kind: vector-pressure, leave: 40 } }
variants:
  taken: { faults: [{ fault: scarce, during: 5s }], expect: { verdict: clean } }
  free: { expect: { verdict: clean } }
`;

test('only the variants with the fault have the device that takes the vectors', () => {
  const result = makePlan(labOf(lab), {
    name: 't',
    file: 't.yaml',
    selection: { variant: ['*'], kernel: ['6.12'] },
  });
  if (!result.ok) throw new Error(result.problems.join());
  expect(
    result.plan.variants.map(({ axes, host }) => [
      axes.variant,
      host.spec.pci.filter(({ kind }) => kind === 'vector-holder').map(({ slot }) => slot),
    ]),
  ).toEqual([
    ['taken', [0x1c]],
    ['free', []],
  ]);
});

test('VFIO needs an IOMMU', () => {
  expect(problemsIn(lab.replace('host: {', 'host: { iommu: none,'))).toContain(
    'scarce holds vectors through VFIO, which needs an IOMMU, and host.iommu is none',
  );
});
