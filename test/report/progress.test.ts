import { expect, test, vi } from 'vitest';
import type { RunEvent } from '../../src/report/events.ts';
import { Progress } from '../../src/report/progress.ts';
import { runResult, variantResult } from './sample.ts';

const plan = { lab: 'x', title: 'A lab', file: 'labs/x.yaml', variants: [] };
const result = variantResult();
const events: RunEvent[] = [
  { t: 0, kind: 'run-start', plan, folder: 'runs/x', repeat: 1 },
  { t: 10, kind: 'prepare', text: 'Building image host' },
  { t: 900, kind: 'variant-start', variant: '6.12+hang', repetition: 1, index: 0, count: 2 },
  {
    t: 1000,
    kind: 'phase-start',
    variant: '6.12+hang',
    phase: 'boot-host',
    title: 'Boot the host',
    budgetMs: 40_000,
  },
  { t: 1500, kind: 'note', level: 'detail', text: 'hidden unless -v' },
  { t: 2000, kind: 'note', level: 'warning', text: 'slow \u001b[2Jmachine' },
  { t: 6200, kind: 'phase-end', variant: '6.12+hang', phase: 'boot-host', ms: 5200, outcome: 'done' },
  {
    t: 6300,
    kind: 'phase-start',
    variant: '6.12+hang',
    phase: 'fault',
    title: 'Inject abort',
    budgetMs: 9_000,
  },
  { t: 7000, kind: 'phase-end', variant: '6.12+hang', phase: 'fault', ms: 700, outcome: 'failed' },
  { t: 41_000, kind: 'variant-end', variant: '6.12+hang', result },
  { t: 41_001, kind: 'run-end', result: runResult([result]) },
];

function render(columns: number, verbose = false): string {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  const progress = new Progress({ write, columns: () => columns, verbose, now: () => 0 });
  for (const event of events) progress.onEvent(event);
  return text;
}

test('a log: one line a phase, with the time since the run began', () => {
  expect(render(0)).toMatchInlineSnapshot(`
    "[   0.0 s] x: A lab
    [   0.0 s]   Building image host
    [   0.9 s] 6.12+hang (1 of 2)
    [   1.0 s]   Boot the host
    [   2.0 s]     warning: slow machine
    [   6.3 s]   Inject abort
    [   7.0 s]   ✘ Inject abort: failed
    [  41.0 s]   ✔ reproduced, as expected 41.2 s
    "
  `);
});
test('-v shows details', () => {
  expect(render(0, true)).toContain('hidden unless -v');
});
test('a terminal: the running phase is rewritten, what is done stays', () => {
  expect(render(60).replaceAll('\r\u001b[2K', '⟲')).toMatchInlineSnapshot(`
    "x: A lab
    ⟲  … Building image host 0.0 s⟲6.12+hang (1 of 2)
    ⟲  … Boot the host 0.0 s of at most 40.0 s⟲    warning: slow machine
    ⟲  … Boot the host 0.0 s of at most 40.0 s⟲  ✔ Boot the host 5.2 s
    ⟲  … Inject abort 0.0 s of at most 9.0 s⟲  ✘ Inject abort: failed
      ✔ reproduced, as expected 41.2 s
    "
  `);
});
test('the moving line never wraps', () => {
  for (const part of render(20)
    .split('\n')
    .flatMap((line) => line.split('\r\u001b[2K').slice(1)))
    if (part.startsWith('  …')) expect(part.length).toBeLessThan(20);
});
test('leaves no timer running', () => {
  vi.useFakeTimers();
  try {
    const progress = new Progress({ write: () => {}, columns: () => 60 });
    for (const event of events.slice(0, 4)) progress.onEvent(event);
    expect(vi.getTimerCount()).toBe(1);
    for (const event of events.slice(4)) progress.onEvent(event);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
