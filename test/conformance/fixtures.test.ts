/** The recordings of the repository, held against the model: what `npm run model:conformance` prints, as a test. */
import { describe, expect, test } from 'vitest';
import { measure } from '../../conformance/measure.ts';
import { kernelOf, readTrace, repositoryTraces } from '../../conformance/store.ts';
import { conformanceTable, percent } from '../../conformance/table.ts';

const traces = repositoryTraces().filter((file) => file.endsWith('.gz'));

test('there are recordings of every kernel that they are said to be of', () => {
  const kernels = new Set(traces.map(kernelOf));
  expect([...kernels].sort()).toEqual(['5.10', '6.1', '6.12', '7.2']);
});

describe.each(traces)('%s', (file) => {
  const lines = readTrace(file).split('\n');
  const whole = measure(lines, kernelOf(file));

  test('no event departs from the model, nothing was lost', () => {
    expect(whole.mismatches).toEqual([]);
    expect(whole).toMatchObject({ lost: 0, gaps: 0 });
    const events = lines.filter((line) => /: (irq_matrix|vector)_\w+: /.test(line));
    expect(whole.events).toBe(events.length);
  });

  test('all was foretold, but the CPUs of what boots before the probes tell the masks', () => {
    expect(whole.counters.predicted).toBe(whole.counters.of);
    expect(whole.bits.predicted).toBe(whole.bits.of);
    expect(whole.cpus.of).toBeGreaterThan(100);
    expect(whole.cpus.of - whole.cpus.predicted).toBeLessThanOrEqual(2);
  });

  test.each<[string, (line: string, at: number) => boolean]>([
    ['no probes', (line) => !line.includes(': matrix_probe_')],
    ['the matrix only', (line) => line.includes(': irq_matrix_')],
    ['the matrix and its probes', (line) => /: (irq_matrix|matrix_probe)_/.test(line)],
    ['no moves and no ends', (line) => !/: vector_(update|free_moved|teardown|clear): /.test(line)],
    ['no managed reservations', (line) => !/: vector_(reserve|alloc)_managed: /.test(line)],
    ['no clean-up', (line) => !/: (vector_free_moved|matrix_probe_\w+): /.test(line)],
    ['begun in the middle', (_, at) => at > lines.length * 0.4],
  ])('with less told nothing is accused: %s', (_, keep) => {
    const told = lines.filter(keep);
    expect(told.length).toBeLessThan(lines.length);
    expect(measure(told, kernelOf(file)).mismatches).toEqual([]);
    expect(measure(told).mismatches).toEqual([]);
  });

  test('a mismatch is counted, with its line, and the rest is measured all the same', () => {
    // An allocation in the middle, one CPU's count too high.
    const at = lines.findIndex((line, i) => i > lines.length / 3 && line.includes(': irq_matrix_alloc: '));
    const wrong = lines.with(
      at,
      lines[at]!.replace(/ alloc=(\d+)/, (_, n) => ` alloc=${Number(n) + 1}`),
    );
    const found = measure(wrong, kernelOf(file));
    expect(found.mismatches.length).toBeGreaterThan(0);
    expect(found.mismatches[0]).toMatchObject({ line: at + 1, text: wrong[at] });
    expect(found.events).toBe(whole.events);
    expect(found.gaps).toBe(0);
  });
});

test('the table: sorted, summed, mismatches shown, and never rounded up to 100', () => {
  const share = { of: 100_000, predicted: 99_999 };
  expect(percent(share)).toBe('99.99 %');
  expect(percent({ of: 3, predicted: 3 })).toBe('100 %');
  expect(percent({ of: 0, predicted: 0 })).toBe('-');
  const measured = { events: 7, counters: share, bits: share, cpus: share, mismatches: [], lost: 0, gaps: 0 };
  const row = { scenario: 'boot-4', from: 'cache' as const, file: 'a.gz', lostInRing: 0, measured };
  const mismatches = [{ line: 5, text: ' event', departures: ['MX1: avl=1, the model allows 2'] }];
  const text = conformanceTable(
    [
      { ...row, kernel: '6.12', measured: { ...measured, mismatches } },
      { ...row, kernel: '6.1', lostInRing: 3 },
    ],
    ['6.1 storm'],
  );
  expect(text).toMatchInlineSnapshot(`
    "Kernel     Scenario      Events  Counters  Bits     CPUs     Mismatches  Notes
    6.1        boot-4        7       99.99 %   99.99 %  99.99 %  0           3 events lost
    6.12       boot-4        7       99.99 %   99.99 %  99.99 %  1
    2 kernels  2 recordings  14      99.99 %   99.99 %  99.99 %  1

    a.gz:5
      event
      MX1: avl=1, the model allows 2

    Not recorded: 6.1 storm. Record: npm run model:conformance -- --record [SCENARIO…]
    "
  `);
});
