/** The table of the figures, and their sum. */
import { table } from '../src/report/table.ts';
import type { Share } from '../src/verdict/vectors.ts';
import type { Measure } from './measure.ts';

export interface Row {
  kernel: string;
  scenario: string;
  from: 'repository' | 'cache';
  file: string;
  /** Events that the ring did not keep, by the kernel's own count. */
  lostInRing: number;
  measured: Measure;
}

const head = ['Kernel', 'Scenario', 'Events', 'Counters', 'Bits', 'CPUs', 'Mismatches', 'Notes'];

export function conformanceTable(rows: readonly Row[], missing: readonly string[]): string {
  const sorted = rows.toSorted(
    (a, b) => byVersion(a.kernel, b.kernel) || a.scenario.localeCompare(b.scenario),
  );
  const lines = table([head, ...sorted.map(cells), totals(sorted)]);
  for (const { file, measured } of sorted)
    for (const { line, text, departures } of measured.mismatches.slice(0, 3))
      lines.push('', `${file}:${line}`, `  ${text.trim()}`, ...departures.map((text) => `  ${text}`));
  if (missing.length > 0)
    lines.push(
      '',
      `Not recorded: ${missing.join(', ')}. Record: npm run model:conformance -- --record [SCENARIO…]`,
    );
  return `${lines.join('\n')}\n`;
}

function cells({ kernel, scenario, from, lostInRing, measured }: Row): string[] {
  const { events, counters, bits, cpus, mismatches, lost, gaps } = measured;
  const notes = [
    from === 'repository' ? 'repository' : '',
    lost + lostInRing > 0 ? `${lost + lostInRing} events lost` : '',
    gaps > 0 ? `${gaps} gaps` : '',
  ].filter(Boolean);
  return [
    kernel,
    scenario,
    String(events),
    percent(counters),
    percent(bits),
    percent(cpus),
    String(mismatches.length),
    notes.join(', '),
  ];
}

function totals(rows: readonly Row[]): string[] {
  const sum = (of: (measured: Measure) => number) => rows.reduce((total, row) => total + of(row.measured), 0);
  const share = (name: 'counters' | 'bits' | 'cpus') =>
    percent({ of: sum((m) => m[name].of), predicted: sum((m) => m[name].predicted) });
  const kernels = new Set(rows.map(({ kernel }) => kernel)).size;
  return [
    `${kernels} kernel${kernels === 1 ? '' : 's'}`,
    `${rows.length} recordings`,
    String(sum((m) => m.events)),
    share('counters'),
    share('bits'),
    share('cpus'),
    String(sum((m) => m.mismatches.length)),
    '',
  ];
}

/** Never rounded up to 100. */
export function percent({ of, predicted }: Share): string {
  if (of === 0) return '-';
  if (of === predicted) return '100 %';
  return `${(Math.floor((predicted / of) * 10_000) / 100).toFixed(2)} %`;
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
