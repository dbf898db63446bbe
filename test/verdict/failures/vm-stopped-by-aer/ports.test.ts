/** Reports of several root ports, mixed in one log: each port's lines are its own. */
import { expect, test } from 'vitest';
import { kernelLines } from '../../../../src/evidence/kernel-log/line.ts';
import { kernelEvents } from '../../../../src/evidence/kernel-log/parse.ts';
import { plainLines } from '../../../../src/evidence/source.ts';
import { cutReports } from '../../../../src/verdict/failures/vm-stopped-by-aer/episodes.ts';
import { rootPorts } from '../../../../src/verdict/failures/vm-stopped-by-aer/walk.ts';

const fn = (bdf: string, parent?: string) => ({
  ...{ name: bdf, bdf, vendor: '8086', device: '10c9', owner: 'host', isVf: false, hasAer: true },
  ...(parent ? { parent } : {}),
});
const functions = [
  fn('0000:00:04.0'),
  fn('0000:01:00.0', '0000:00:04.0'),
  fn('0000:00:05.0'),
  fn('0000:02:00.0', '0000:00:05.0'),
  fn('0000:03:01.0', '0000:02:00.0'),
  fn('0000:05:00.0', '0000:03:01.0'),
];
const at = { file: 'events.ndjson', line: 1, text: '', machine: 'harness' };
const rootOf = rootPorts([{ kind: 'functions', machine: 'host', functions, t: 0, at }]);

test('the root port above a function, through a switch', () => {
  expect(['0000:05:00.0', '0000:01:00.0', '0000:00:05.0'].map(rootOf)).toEqual([
    '0000:00:05.0',
    '0000:00:04.0',
    '0000:00:05.0',
  ]);
  expect(rootOf('0000:09:00.0')).toBeUndefined();
});

test('functions that are each other’s parents are no tree', () => {
  const circle = [fn('0000:01:00.0', '0000:02:00.0'), fn('0000:02:00.0', '0000:01:00.0')];
  expect(
    rootPorts([{ kind: 'functions', machine: 'host', functions: circle, t: 0, at }])('0000:01:00.0'),
  ).toBe(undefined);
});

const one = (port: string, source: string) => [
  `pcieport ${port}: AER: Uncorrectable (Non-Fatal) error message received from ${source}`,
  `igb ${source}: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Completer ID)`,
  `igb ${source}:   device [8086:10c9] error status/mask=00008000/02400000`,
  `igb ${source}: Non-correctable non-fatal error reported.`,
];
const end = (bridge: string) => `pcieport ${bridge}: AER: device recovery successful`;

test('two ports at the same time', () => {
  const a = one('0000:00:04.0', '0000:01:00.0');
  const b = one('0000:00:05.0', '0000:05:00.0');
  const mixed = [a[0], b[0], a[1], a[2], b[1], a[3], end('0000:00:04.0'), b[2], b[3], end('0000:03:01.0')];
  const text = mixed.map((line, i) => `[    ${i + 1}.000000] ${line}`).join('\n');
  const kernel = kernelEvents(kernelLines(plainLines('host.dmesg', 'host', text))).map((event) => ({
    ...{ t: event.at.stamp!, error: 0, event },
  }));
  const reports = cutReports(kernel, rootOf);
  expect(reports.map(({ source, lines }) => [source, lines.map(({ event }) => event.at.line)])).toEqual([
    ['0000:01:00.0', [1, 3, 4, 6, 7]],
    ['0000:05:00.0', [2, 5, 8, 9, 10]],
  ]);
  // Taken for one port's, they are what no port can have printed.
  expect(cutReports(kernel).map(({ lines }) => lines.length)).not.toEqual([5, 5]);
});
