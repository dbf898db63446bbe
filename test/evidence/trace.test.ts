import { expect, test } from 'vitest';
import { parseTrace } from '../../src/evidence/trace.ts';

const text = `# tracer: nop
              sh-371     [001] .....    47.984275: tracing_mark_write: vflab-marker host-1-7
   irq/25-aerdrv-64      [001] .....    48.115386: nvme__error_detected: (nvme_error_detected+0x4/0x50 [nvme]) devfn=0 vendor=0x1b36 device=0x10
   irq/26-aerdrv-65      [000] d..1.    48.115400: vfio_pci__error_detected: (vfio_pci_core_aer_err_detected+0x4/0x40 [vfio_pci_core]) devfn=130 vendor=0x8086 device=0x10ca
   irq/25-aerdrv-64      [001] .....    48.115955: nvme__error_detected__answer: (report_error_detected.isra.0+0xb7/0x140 <- nvme_error_detected) answer=3
          <idle>-0       [001] d.h1.    48.120000: irq_handler_entry: irq=25 name=aerdrv
   irq/25-aerdrv-64      [001] .....    48.128451: nvme__resume: (nvme_error_resume+0x4/0x20 [nvme]) devfn=0 vendor=0x1b36 device=0x10
`;

test('handlers, their answers by task, and markers; other events are passed over', () => {
  const { events, lost } = parseTrace('host.trace', 'host', text);
  expect(lost).toBe(false);
  expect(events.map(({ at, stamp, ...fact }) => [at.line, stamp, fact])).toEqual([
    [2, 47.984275, { kind: 'marker', id: 'host-1-7' }],
    [3, 48.115386, { kind: 'handler-entered', driver: 'nvme', stage: 'error_detected', devfn: 0 }],
    [4, 48.1154, { kind: 'handler-entered', driver: 'vfio-pci', stage: 'error_detected', devfn: 130 }],
    [
      5,
      48.115955,
      { kind: 'handler-answered', driver: 'nvme', stage: 'error_detected', devfn: 0, result: 'need-reset' },
    ],
    [7, 48.128451, { kind: 'handler-entered', driver: 'nvme', stage: 'resume', devfn: 0 }],
  ]);
});

test('lost events are told', () => {
  expect(parseTrace('host.trace', 'host', 'CPU:1 [LOST 12 EVENTS]\n').lost).toBe(true);
});

test('a handler that is told of a failure, at its entry and in its answer', () => {
  const told = text
    .replace('devfn=0 vendor=0x1b36 device=0x10\n', 'devfn=0 vendor=0x1b36 device=0x10 state=3\n')
    .replace('device=0x10ca\n', 'device=0x10ca state=1\n');
  const { events } = parseTrace('host.trace', 'host', told);
  expect(events.flatMap((event) => ('stage' in event ? [`${event.driver} ${event.stage}`] : []))).toEqual([
    'nvme perm_failure',
    'vfio-pci error_detected',
    'nvme perm_failure',
    'nvme resume',
  ]);
});
