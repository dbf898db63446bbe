/** Every control of the rules about disks turns its finding red, and none is dressed as another verdict. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/verdict/judge.ts';
import { findingsOf } from '../../../../src/verdict/types.ts';
import { afterVirtio, cold, controls, fits, slowTestMs, vectors, withMemory } from './controls.ts';

describe('controls', () => {
  test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding }) => {
    const found = run().judge();
    expect([found.verdict, found.findings.map((f) => f.id)]).toEqual([
      verdict,
      expect.arrayContaining([finding]),
    ]);
    if (verdict === 'inconclusive') expect(found.chain).toEqual([]);
  });

  test('every finding about disks has a control', () => {
    const shown = new Set(controls.map(({ finding }) => finding));
    expect(findingsOf['virtio-blk-probe-failed'].filter((id) => !shown.has(id))).toEqual([]);
  });

  test.each(findingsOf['virtio-blk-probe-failed'].filter((id) => id !== 'prediction-kept'))(
    'a healthy run has no %s',
    (id) =>
      expect(
        fits()
          .judge()
          .findings.map((f) => f.id),
      ).not.toContain(id),
  );
});

test('memory that agrees with the trace is no finding', () => {
  expect(withMemory(cold(), {}).judge().findings).toEqual(cold().judge().findings);
});

test('the account falls back to the memory where the trace lost events', () => {
  const run = withMemory(cold(), {}).replace(vectors, /\n/, '\nCPU:1 [LOST 7 EVENTS]\n');
  const after = run.judge().disks!.moments.find(({ moment }) => moment === 'after-disks');
  expect(after?.matrix).toMatchObject({ globalAvailable: 0, totalAllocated: 490 });
});

test(
  'judge never throws and never claims, whatever the files hold',
  () => {
    const { plan } = fits();
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('{"t":1,"kind":"snapshot"}\n', '{"t":1,"kind":"disks-read"}\n', '# tracer: nop\n'),
    );
    const files = fc.constantFrom('events.ndjson', 'host.serial', 'host.dmesg', vectors, afterVirtio);
    fc.assert(
      fc.property(fc.dictionary(files, text), (contents) => {
        expect(judge({ plan, files: (name) => contents[name] }).verdict).toBe('inconclusive');
      }),
      { numRuns: 50 },
    );
  },
  slowTestMs,
);

test(
  'a clean recording with bytes cut out never becomes reproduced',
  () => {
    fc.assert(
      fc.property(
        fc.constantFrom('events.ndjson', 'host.dmesg', vectors, afterVirtio),
        fc.nat(),
        fc.nat(),
        (file, from, length) => {
          const run = fits();
          const text = run.contents.get(file)!;
          const at = from % text.length;
          run.contents.set(file, text.slice(0, at) + text.slice(at + 1 + (length % 2000)));
          expect(run.judge().verdict).not.toBe('reproduced');
        },
      ),
      { numRuns: 40 },
    );
  },
  slowTestMs,
);
