/** Real traces are explained whole; each small lie in one is found, at its line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TraceCheck, type TraceSummary } from '../../src/verdict/vectors.ts';

const folder = join(import.meta.dirname, '../fixtures/traces');
const names = readdirSync(folder).filter((name) => name.endsWith('.trace'));
const linesOf = (name: string) => readFileSync(join(folder, name), 'latin1').trimEnd().split('\n');

function check(lines: readonly string[]): TraceSummary {
  const trace = new TraceCheck();
  for (const line of lines) if (!trace.line(line)) break;
  trace.end();
  return trace.summary;
}

test('there is a trace of each kernel of the lab', () => {
  expect(names.map((name) => /-(6\.\d+)\.trace$/.exec(name)?.[1]).sort()).toEqual(['6.1', '6.12']);
});

describe.each(names)('%s', (name) => {
  const lines = linesOf(name);
  /** 0-based indices of the lines with an event of the matrix. */
  const events = lines.flatMap((line, i) => (line.includes(': irq_matrix_') ? [i] : []));
  const whole = check(lines);

  test('every event is explained, and nearly all are foretold', () => {
    expect(whole).toMatchObject({ isTrace: true, sinceBoot: true, gapCount: 0 });
    expect(whole.impossible).toBeUndefined();
    expect(whole.matrixEvents).toBe(events.length);
    expect(whole.matrixEvents).toBeGreaterThan(300);
    expect(whole.diedUnseen).toBeGreaterThan(0);
    // Not after a CPU died unseen, until all is learnt anew; nor what the boot CPU tells of the matrix.
    expect(whole.counters.predicted / whole.counters.of).toBeGreaterThan(0.9);
    expect(whole.bits.predicted / whole.bits.of).toBeGreaterThan(0.7);
  });

  test('begun anywhere it is explained as well', () => {
    for (let from = 0; from < lines.length; from += from < 100 ? 1 : 97)
      expect(check(lines.slice(from)).impossible, `from line ${from + 1}`).toBeUndefined();
  });

  test('lost events anywhere: nothing is accused', () => {
    for (let at = 20; at < lines.length; at += 211) {
      const cut = [...lines.slice(0, at), 'CPU:1 [LOST 30 EVENTS]', ...lines.slice(at + 30)];
      const summary = check(cut);
      expect(summary.impossible).toBeUndefined();
      expect(summary).toMatchObject({ sinceBoot: false, lostEvents: 30 });
    }
  });

  /** The events before the first CPU died: all is known there. */
  const quiet = events.filter((i) => i < firstDeath(lines) && i > events[0]!);

  test.each(['avl', 'alloc', 'managed', 'global_avl', 'global_rsvd', 'total_alloc', 'online_maps', 'bit'])(
    'one %s too high or too low is found at its line',
    (field) => {
      const pattern = new RegExp(`([ :]${field}=)(\\d+)`);
      const missed: string[] = [];
      let tried = 0;
      for (const i of quiet) {
        const line = lines[i]!;
        const m = pattern.exec(line);
        // Which system bits there are, and which bits the boot code takes, is the kernel's choice, not foretold.
        if (!m || (field === 'bit' && /assign/.test(line))) continue;
        // How many bits a map has is read off the first CPU.
        if (line.includes('irq_matrix_online: online_maps=1 ') && field === 'global_avl') continue;
        for (const change of [1, -1]) {
          const value = Number(m[2]) + change;
          if (value < 0) continue;
          tried += 1;
          const mutant = [...lines.slice(0, i), line.replace(pattern, `$1${value}`), ...lines.slice(i + 1)];
          const found = check(mutant.slice(0, i + 40)).impossible?.line;
          if (found !== i + 1) missed.push(`line ${i + 1} ${change}: found at ${found}: ${line.slice(40)}`);
        }
      }
      expect(tried).toBeGreaterThan(20);
      expect(missed.filter((text) => !excused(field, text))).toEqual([]);
    },
  );

  test('an event left out is found at the next one', () => {
    const missed: string[] = [];
    for (const [k, i] of quiet.entries()) {
      // A system bit that is not announced cannot be missed.
      if (lines[i]!.includes('assign_system') || k === quiet.length - 1) continue;
      const next = events[events.indexOf(i) + 1]!;
      const found = check(lines.slice(0, next + 4).toSpliced(i, 1)).impossible?.line;
      if (found === undefined || found > next + 2) missed.push(`${i + 1}: found at ${found}`);
    }
    expect(missed).toEqual([]);
  });

  test('the wrong CPU is found, at once or as soon as it matters', () => {
    const missed: string[] = [];
    for (const i of quiet) {
      const m = / cpu=(\d+) online=1/.exec(lines[i]!);
      if (!m) continue;
      const other = lines[i]!.replace(m[0], ` cpu=${(Number(m[1]) + 1) % 4} online=1`);
      const { impossible } = check(lines.with(i, other));
      if (!impossible || impossible.line < i + 1) missed.push(`${i + 1}`);
    }
    expect(missed).toEqual([]);
  });
});

function firstDeath(lines: readonly string[]): number {
  const trace = new TraceCheck();
  for (const [i, line] of lines.entries()) {
    trace.line(line);
    if (trace.summary.diedUnseen > 0) return i;
  }
  return lines.length;
}

/** One value less may be true as well. */
function excused(field: string, text: string): boolean {
  // An allocation may or may not use up a reservation.
  return field === 'global_rsvd' && text.includes('irq_matrix_alloc:');
}
