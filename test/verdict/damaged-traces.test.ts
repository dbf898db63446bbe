/** A real trace cut, thinned, shuffled: never a throw, and no accusation for what is not there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TraceCheck, type TraceSummary } from '../../src/verdict/vectors.ts';

const file = join(import.meta.dirname, '../fixtures/traces/6.12-cpus.trace.gz');
const lines = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
const options = { numRuns: 40 };

function check(all: readonly string[]): TraceSummary {
  const trace = new TraceCheck();
  for (const line of all) if (!trace.line(line)) break;
  trace.end();
  return trace.summary;
}

const place = fc.nat({ max: lines.length });
const from = (at: number, count: number) => lines.slice(at, at + count);

describe('nothing is accused', { timeout: 60_000 }, () => {
  test('of a piece from anywhere', () => {
    fc.assert(
      fc.property(place, (at) => {
        expect(check(from(at, 900)).impossible).toBeUndefined();
      }),
      options,
    );
  });
  test('where events are lost', () => {
    fc.assert(
      fc.property(place, fc.nat({ max: 60 }), (at, lost) => {
        const piece = [...from(at, 300), `CPU:2 [LOST ${lost} EVENTS]`, ...from(at + 300 + lost, 600)];
        expect(check(piece).impossible).toBeUndefined();
      }),
      options,
    );
  });
  test('where a line is cut', () => {
    fc.assert(
      fc.property(place, fc.nat({ max: 80 }), (at, length) => {
        const piece = from(at, 900);
        const cut = Math.min(400, piece.length - 1);
        // Cut in the fields: of a name cut short nothing can be known.
        const line = piece[cut] ?? '';
        const fields = line.indexOf(': ', line.indexOf(': ') + 2) + 3;
        if (fields < 10) return;
        const damaged = piece.with(cut, line.slice(0, Math.min(fields + length, line.length - 20)));
        expect(check(damaged).impossible).toBeUndefined();
      }),
      options,
    );
  });
  test('where some kinds of vector events were not recorded', () => {
    const names = [...new Set(lines.map((line) => / (vector_\w+):/.exec(line)?.[1]).filter((n) => n))];
    fc.assert(
      fc.property(place, fc.subarray(names, { minLength: 1 }), fc.boolean(), (at, without, boot) => {
        const left = lines.filter((line) => !without.some((name) => line.includes(` ${name}: `)));
        const summary = check(boot ? left.slice(0, 3000) : left.slice(at, at + 900));
        expect(summary.impossible?.text, without.join()).toBeUndefined();
      }),
      options,
    );
  });
  test('without the probes', () => {
    expect(check(lines.filter((line) => !line.includes('matrix_probe_'))).impossible).toBeUndefined();
    expect(check(lines.filter((line) => !line.includes('vector_'))).impossible).toBeUndefined();
  });
});

test('a shuffled trace is said to be out of order', { timeout: 60_000 }, () => {
  const events = lines.filter((line) => line.includes(': irq_matrix_'));
  fc.assert(
    fc.property(fc.shuffledSubarray(events, { minLength: 300, maxLength: 300 }), (shuffled) => {
      const { impossible } = check(shuffled);
      expect(impossible).toBeDefined();
    }),
    options,
  );
  const reversed = check(events.toReversed());
  expect(reversed.impossible?.outOfOrder).toBe(true);
});
