/** Whatever is given: an answer, no crash, no claim out of nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { styleFor } from '../../src/report/colour.ts';
import { diagnosisText } from '../../src/report/diagnosis-text.ts';
import { ask, fixtures } from './ask.ts';

const read = (path: string) => readFileSync(join(fixtures, path), 'latin1');
const whole = [
  'cases/vectors-exhausted.dmesg',
  'cases/vectors-exhausted.crash',
  'cases/vfio-intx.dmesg',
  'cases/vfio-intx.lspci',
  'cases/boot-interrupts.dmesg',
  'logs/customer-5.15.pf.log',
]
  .map(read)
  .join('\n');
const lines = whole.split('\n');
const confident = (text: string) =>
  ask({ log: text }).diagnoses.filter(({ confidence }) => confidence !== 'possible');

/** Latin-1, as the reader hands it out. */
const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => String.fromCharCode(...array));

test('noise has no diagnosis, and every report can be printed', () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 500 }), (text, pieces) => {
      const report = ask({ noise: text }, pieces);
      expect(report.diagnoses).toEqual([]);
      expect(diagnosisText(report, styleFor(false))).toMatch(/\n$/);
    }),
    { numRuns: 200 },
  );
});

test('a log cut anywhere, with anything between its lines, is read as far as it goes', () => {
  const part = fc.oneof(
    fc.constantFrom(...lines),
    bytes.map((text) => text.slice(0, 80)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), fc.nat(300), (parts, cut) => {
      const text = parts.join('\n');
      const report = ask({ log: text.slice(0, text.length - Math.min(cut, text.length)) });
      for (const { proof } of report.diagnoses) expect(proof.length).toBeGreaterThan(0);
      expect(() => diagnosisText(report, styleFor(true))).not.toThrow();
    }),
    { numRuns: 200 },
  );
});

test('shuffled, the causes are the same', () => {
  const ids = (text: string) =>
    ask({ log: text })
      .diagnoses.map(({ id }) => id)
      .sort();
  const sorted = ids(read('cases/vfio-intx.dmesg') + read('cases/vectors-exhausted.dmesg'));
  const all = (read('cases/vfio-intx.dmesg') + read('cases/vectors-exhausted.dmesg')).split('\n');
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      expect(ids(shuffled.join('\n'))).toEqual(sorted);
    }),
    { numRuns: 30 },
  );
});

describe('lines of any kind, very long, are done with at once', () => {
  const units = [
    '[',
    ' ',
    '[    1.000000] ',
    '(',
    ': ',
    '1 ',
    '1: ',
    '0 0 0 -edge ',
    '0000:01:00.0 ',
    '> ',
    '**',
    '<b>',
    '&amp;',
    '`',
    'irq 1: nobody cared ',
    'genirq: Flags mismatch irq 1. 00000000 (',
    'vfio ',
    'a.b ',
    'Nov 21 08:18:39 h ',
  ];
  test.each(units)('%j', (unit) => {
    const t0 = performance.now();
    ask({ long: unit.repeat(2_000_000 / unit.length) });
    ask({ wide: `${unit.repeat(500 / unit.length)}\n`.repeat(2000) });
    expect(performance.now() - t0).toBeLessThan(5000);
  });
});

test('memory does not grow with the log: of a storm the beginning is kept, and that is said', () => {
  const storm = `${'[    1.000000] __common_interrupt: 1.38 No irq handler for vector\n'.repeat(5000)}`;
  const report = ask({ storm });
  expect(report.partial).toEqual([
    expect.stringContaining('of 5000 lines of the kind “no-irq-handler” the first 1000'),
  ]);
  expect(report.diagnoses[0]!.id).toBe('vector-setup-race');
});

test('a file that is partly binary is read, and said to be', () => {
  const report = ask({ core: `${'\0\x01\x02'.repeat(100)}\n${lines[1]}\n` });
  expect(report.files[0]!.partial).toContain('binary');
  expect(report.diagnoses[0]!.id).toBe('virtio-vectors-exhausted');
});

test('an empty file is no answer', () => {
  expect(ask({ empty: '' })).toMatchObject({ answer: 'unknown', files: [{ lines: 0, kinds: [] }] });
});

test('no sure answer without the line that makes it sure', () => {
  const quiet = lines.filter(
    (line) => !/Flags mismatch|failed with error|global_available|nobody cared|AER|Bus Error/.test(line),
  );
  expect(confident(quiet.join('\n'))).toEqual([]);
});
