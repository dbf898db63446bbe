import { expect, test } from 'vitest';
import type { DatedKernelEvent } from '../../../../src/evidence/history.ts';
import { kernelLines } from '../../../../src/evidence/kernel-log/line.ts';
import { kernelEvents } from '../../../../src/evidence/kernel-log/parse.ts';
import { plainLines } from '../../../../src/evidence/source.ts';
import { cutReports } from '../../../../src/verdict/failures/vm-stopped-by-aer/episodes.ts';

function dated(...messages: string[]): DatedKernelEvent[] {
  const text = messages.map((message, i) => `[    ${i + 1}.000000] ${message}\n`).join('');
  return kernelEvents(kernelLines(plainLines('f', 'host', text))).map((event) => ({
    event,
    t: event.at.stamp!,
    error: 0,
  }));
}

const port = 'pcieport 0000:00:04.0: AER: ';
const fatal = `${port}Uncorrectable (Fatal) error message received from 0000:01:00.0`;

test("an nvme driver speaks of its controller: its lines are its function's", () => {
  const [report] = cutReports(
    dated(
      'nvme nvme0: pci function 0000:01:00.0',
      fatal,
      'nvme 0000:01:00.0: AER: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)',
      'nvme nvme0: frozen state error detected, reset controller',
    ),
  );
  expect(report?.observations.at(-1)).toEqual({
    kind: 'driver',
    device: '0000:01:00.0',
    what: 'detected-frozen',
  });
});

test('reports are cut at their port lines, and an injection belongs to the one after it', () => {
  const reports = cutReports(
    dated(
      'pcieport 0000:00:04.0: aer_inject: Injecting errors 00000040/00000000 into device 0000:01:00.0',
      `${port}Correctable error message received from 0000:01:00.0`,
      'igb 0000:01:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer, (Receiver ID)',
      fatal,
      `${port}device recovery failed`,
    ),
  );
  expect(reports.map((r) => [r.observations.map((o) => o.kind), r.injected?.event.kind])).toEqual([
    [['report', 'device'], 'aer-injected'],
    [['report', 'end'], undefined],
  ]);
});

test('an end without a report is a report of its own, which the model will refuse', () => {
  expect(cutReports(dated(`${port}device recovery failed`))).toHaveLength(1);
});
