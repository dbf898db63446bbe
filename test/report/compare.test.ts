/** Two runs side by side: what differs, what does not, and what cannot be told. */
import { describe, expect, test } from 'vitest';
import { styleFor } from '../../src/report/colour.ts';
import { compareRuns } from '../../src/report/compare.ts';
import { compareText } from '../../src/report/compare-text.ts';
import type { VariantResult } from '../../src/report/result.ts';
import { broke, clean, runResult, variantResult } from './sample.ts';

const hang = variantResult();
/** The same variant on a kernel of one's own, on which the failure is gone. */
const mended = variantResult({
  ...clean,
  id: 'custom+hang',
  axes: { kernel: 'custom', variant: 'hang' },
  remedy: undefined as never,
});
const answers = (before: VariantResult[], after: VariantResult[]) =>
  compareRuns(runResult(before), runResult(after))?.variants.map(({ name, answer }) => `${name}: ${answer}`);

describe('variants', () => {
  test.each([
    ['a run and itself', [hang, clean], [hang, clean], ['6.12+hang: same', '6.12+unplug: same']],
    ['a patched kernel beside 6.12', [hang], [mended], ['hang: differs']],
    ['what is in one only', [hang, clean], [mended], ['hang: differs', 'unplug: only-one']],
    [
      'no answer is no difference',
      [hang],
      [{ ...broke, id: hang.id, axes: hang.axes }],
      ['6.12+hang: no-answer'],
    ],
    [
      'now and then in both',
      [hang, { ...mended, id: hang.id, axes: hang.axes, repetition: 2 }],
      [
        { ...mended, id: hang.id, axes: hang.axes },
        { ...hang, repetition: 2 },
        { ...hang, repetition: 3 },
      ],
      ['6.12+hang: same'],
    ],
  ])('%s', (_, before, after, expected) => expect(answers(before, after)).toEqual(expected));

  test('another effect of the remedy, another finding: a difference too', () => {
    expect(answers([clean], [{ ...clean, remedy: { ...clean.remedy!, effect: 'no-effect' } }])).toEqual([
      '6.12+unplug: differs',
    ]);
    expect(answers([hang], [{ ...hang, findings: [] }])).toEqual(['6.12+hang: differs']);
  });

  test('runs of several kernels: by kernel if they have the same ones, else nobody knows which belong together', () => {
    const old = { ...hang, id: '6.1+hang', axes: { kernel: '6.1', variant: 'hang' } };
    expect(answers([hang, old], [hang, old])).toEqual(['6.12+hang: same', '6.1+hang: same']);
    expect(answers([hang, old], [mended])).toBeUndefined();
  });
});

test('in words: what differs first, why, and what else was not the same', () => {
  const after = runResult([mended], { versions: { qemu: '10.0.2', 'kernel custom': '6.18.0-rc3+' } });
  const text = compareText(
    compareRuns(runResult([hang]), after)!,
    ['old/latest', 'new/latest'],
    styleFor(false),
  );
  expect(text).toMatchInlineSnapshot(`
    "vf-aer-hang: 1 of 1 variant differs
      before: old/latest
      after:  new/latest

    Variant  Before      After
    hang     reproduced  clean  DIFFERS

    hang
      before: QEMU stopped vm0 when vfio-pci told it of the error.
      after:  vm0 ran on.
      findings gone: vm-stopped-by-aer

    Not the same in both
      kernel 6.12    6.12.48  -
      kernel custom  -        6.18.0-rc3+
    "
  `);
});
