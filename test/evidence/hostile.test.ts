import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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

const parsers: Record<string, (text: string) => unknown> = {
  'kernel log': (text) => kernelEvents(kernelLines(timedLines('f', 'm', text))),
  interrupts: parseInterrupts,
  lspci: parseLspci,
  qmp: (text) => parseQmp('f', 'm', text),
  stderr: (text) => parseStderr('f', 'm', text),
  trace: (text) => parseTrace('f', 'm', text),
  harness: parseHarness,
  history: (text) => buildHistory(['host'], () => text),
};

/** Pieces that lead a parser deep, in any order and cut anywhere. */
const piece = fc.constantFrom(
  '[    1.000000] ',
  '<6>',
  '[ T12]',
  'pcieport 0000:00:02.0: ',
  'AER: ',
  'PCIe Bus Error: severity=',
  'Uncorrected (Non-Fatal)',
  ' error message received from ',
  '   [14] CmpltTO',
  'genirq: Flags mismatch irq 0. 00000080 (',
  'irq 19: nobody cared',
  'handlers:\n[<0>] f threaded ',
  'virtio_blk virtio3: ',
  '__common_interrupt: 1.38 No irq handler',
  '01:00.0 X\n\tUESta: DLP+\n',
  'CPU0 CPU1\n 1: 2 ',
  '{"t":1,"kind":"witness"}',
  '{"t":1,"dir":"in","msg":{"return":{}}}',
  '{"t":"x","msg":null}',
  'a-1 [000] ..... 1.000000: nvme__error_detected: devfn=',
  '\n',
  '\r',
  '\x1b[',
  '\0',
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 40 }).map((parts) => parts.join('')),
);

describe.each(Object.entries(parsers))('%s', (_, parse) => {
  test('never throws', () => {
    fc.assert(
      fc.property(hostile, (text) => void parse(text)),
      { numRuns: 300 },
    );
  });

  test('is done with long lines of any kind', () => {
    for (const unit of ['[', ' ', '[    1.000000] ', 'a ', '1 ', '(', ': ', '0000:01:00.0 ', '+-']) {
      expect(() => parse(unit.repeat(400_000 / unit.length))).not.toThrow();
    }
  });
});

test('every event of a kernel log keeps its file and line', () => {
  const log = '[    1.000000] Linux version 6.1\ngarbage\n[    2.000000] WARNING: x\n';
  const events = kernelEvents(kernelLines(timedLines('host.serial', 'host', log)));
  expect(events.map(({ at }) => [at.file, at.line])).toEqual([
    ['host.serial', 1],
    ['host.serial', 3],
  ]);
});
