/** Every reader of text that may be a customer's, with real input to begin from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from '../../conformance/measure.ts';
import { readTrace, repositoryTraces } from '../../conformance/store.ts';
import { LineCutter } from '../../src/evidence/ftrace/lines.ts';
import { parseHarness } from '../../src/evidence/harness.ts';
import { buildHistory } from '../../src/evidence/history.ts';
import { parseInterrupts } from '../../src/evidence/interrupts.ts';
import { kernelLines } from '../../src/evidence/kernel-log/line.ts';
import { kernelEvents } from '../../src/evidence/kernel-log/parse.ts';
import { parseLspci } from '../../src/evidence/lspci.ts';
import { parseStderr } from '../../src/evidence/qemu-stderr.ts';
import { parseQmp } from '../../src/evidence/qmp.ts';
import { timedLines } from '../../src/evidence/source.ts';
import { parseTrace } from '../../src/evidence/trace.ts';
import type { Target } from './fuzz.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

/** Files below the fixtures whose path matches, cut to pieces that are quick to parse. */
function seeds(path: RegExp): string[] {
  const names = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).filter((name) =>
    path.test(name),
  );
  if (names.length === 0) throw new Error(`no fixture is like ${path}`);
  return names.flatMap((name) => pieces(readFileSync(join(fixtures, name), 'latin1')));
}

function pieces(text: string, length = 8_000): string[] {
  const starts = Array.from({ length: Math.min(8, Math.ceil(text.length / length)) }, (_, i) => i * length);
  return starts.map((at) => text.slice(text.lastIndexOf('\n', at) + 1, at + length));
}

const traces = repositoryTraces().flatMap((file) => {
  const text = readTrace(file);
  const middle = text.indexOf('\n', text.length / 2) + 1;
  return [...pieces(text).slice(0, 3), text.slice(middle, middle + 8_000)];
});

export const targets: readonly Target[] = [
  { name: 'ftrace of the vector matrix', seeds: traces, parse: (text) => measure(cutLines(text)) },
  {
    name: 'kernel log',
    seeds: [...seeds(/\.dmesg$/), ...seeds(/\.serial$/), ...seeds(/^logs\/.*\.log$/)],
    parse: (text) => kernelEvents(kernelLines(timedLines('f', 'm', text))),
  },
  { name: '/proc/interrupts', seeds: seeds(/\.interrupts$/), parse: parseInterrupts },
  { name: 'lspci', seeds: seeds(/\.lspci$/), parse: parseLspci },
  { name: 'QMP', seeds: seeds(/\.qmp$/), parse: (text) => parseQmp('f', 'm', text) },
  { name: "QEMU's stderr", seeds: seeds(/\.stderr$/), parse: (text) => parseStderr('f', 'm', text) },
  { name: 'trace of our probes', seeds: seeds(/host\.trace$/), parse: (text) => parseTrace('f', 'm', text) },
  { name: 'events of a run', seeds: seeds(/events\.ndjson$/), parse: parseHarness },
  {
    name: 'history',
    seeds: seeds(/events\.ndjson$|\.dmesg$/),
    parse: (text) => buildHistory(['host'], () => text),
  },
];

/** In pieces of an odd size, as a stream comes. */
function cutLines(text: string): string[] {
  const cutter = new LineCutter();
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += 4_099) lines.push(...cutter.push(text.slice(at, at + 4_099)));
  return [...lines, ...cutter.end()];
}
