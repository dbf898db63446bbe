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
import { parseLineSamples } from '../../src/evidence/line-samples.ts';
import { parseLspci } from '../../src/evidence/lspci.ts';
import { parseMatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';
import { parseStderr } from '../../src/evidence/qemu-stderr.ts';
import { parseQmp } from '../../src/evidence/qmp.ts';
import { timedLines } from '../../src/evidence/source.ts';
import { parseTrace } from '../../src/evidence/trace.ts';
import { parseVirtioDevices } from '../../src/evidence/virtio-devices.ts';
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
  { name: 'looks at a line', seeds: seeds(/storms\/[^/]+$/), parse: parseLineSamples },
  { name: "QEMU's stderr", seeds: seeds(/\.stderr$/), parse: (text) => parseStderr('f', 'm', text) },
  { name: 'trace of our probes', seeds: seeds(/host\.trace$/), parse: (text) => parseTrace('f', 'm', text) },
  { name: 'events of a run', seeds: seeds(/events\.ndjson$/), parse: parseHarness },
  {
    name: 'virtio devices',
    seeds: [[1, 2, 3].map(virtioLine).join('\n')],
    parse: (text) => parseVirtioDevices(text),
  },
  { name: 'snapshot of the matrix', seeds: [matrixJson()], parse: parseMatrixSnapshot },
  {
    name: 'history',
    seeds: seeds(/events\.ndjson$|\.dmesg$/),
    parse: (text) => buildHistory(['host'], () => text),
  },
];

function virtioLine(index: number): string {
  const name = `virtio${index}`;
  const irqs = [{ irq: 25 + index, name: `${name}-config`, affinity: '0-3', effective: '1' }];
  const place = { name, bdf: `0000:01:0${index}.0`, deviceId: 2, driver: 'virtio_blk', block: `vd${index}` };
  return JSON.stringify({ ...place, irq: 11, pin: 1, msix: true, irqs });
}

function matrixJson(): string {
  const totals = { matrixBits: 256, allocStart: 32, allocEnd: 236, allocSize: 204, globalAvailable: 186 };
  const rest = { globalReserved: 14, systembitsInAlloc: 3, totalAllocated: 1, onlineMaps: 1 };
  const counters = { cpu: 0, available: 186, allocated: 1, managed: 2, managedAllocated: 1 };
  const maps = { initialized: true, online: true, allocMap: [33, 48], managedMap: [33, 34] };
  return JSON.stringify({ ...totals, ...rest, systemMap: [32, 50, 128], cpus: [{ ...counters, ...maps }] });
}

/** In pieces of an odd size, as a stream comes. */
function cutLines(text: string): string[] {
  const cutter = new LineCutter();
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += 4_099) lines.push(...cutter.push(text.slice(at, at + 4_099)));
  return [...lines, ...cutter.end()];
}
