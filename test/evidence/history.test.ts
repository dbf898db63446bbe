import { expect, test } from 'vitest';
import { buildHistory } from '../../src/evidence/history.ts';

const files: Record<string, string> = {
  'events.ndjson': [
    { t: 4.02, kind: 'clock-marker', machine: 'host', id: 'm1', t0: 4, t1: 4.02 },
    { t: 9, kind: 'note', text: 'end' },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join(''),
  'host.serial': '4.015 [    3.000000] vflab-marker m1\n6.9 [    5.000000] WARNING: shown\n',
  'host.dmesg':
    '[    3.000000] vflab-marker m1\n[    4.500000] WARNING: missed by the console\n[    5.000000] WARNING: shown\n',
  'host.qmp': '{"t":5.8,"dir":"in","msg":{"event":"STOP"}}\n',
};

test('one order of time: the ring buffer fills in what the console missed, and nothing is there twice', () => {
  const history = buildHistory(['host'], (name) => files[name]);
  const seen = history.events.map((event) =>
    event.from === 'kernel' ? `${event.event.at.file}:${event.event.at.message}` : event.from,
  );
  expect(seen).toEqual([
    'host.serial:vflab-marker m1',
    'harness',
    'host.dmesg:WARNING: missed by the console',
    'qmp',
    'host.serial:WARNING: shown',
    'harness',
  ]);
  // The console was late by almost a second; the clock is not.
  const shown = history.events.at(-2)!;
  expect(shown.t).toBeCloseTo(6.0075, 2);
  expect(shown.error).toBeLessThan(0.011);
  expect(history.missing).toEqual(['host.stderr']);
});

test('without a clock the arrival is an upper bound, and a line of the ring alone has no time', () => {
  const { 'events.ndjson': _, ...rest } = files;
  const history = buildHistory(['host'], (name) => rest[name]);
  const kernel = history.events.filter((event) => event.from === 'kernel');
  expect(kernel.map((event) => event.t)).toEqual([4.015, 6.9, Number.NaN]);
  expect(kernel.every((event) => event.error === Number.POSITIVE_INFINITY)).toBe(true);
});
