/** The prefilter lets through every line that a parser knows. The lines are those of the parsers' own tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactReader } from '../../../src/evidence/log/facts.ts';
import { LogScan } from '../../../src/evidence/log/scan.ts';
import { WordSearch } from '../../../src/evidence/log/word-search.ts';
import { interestingWords } from '../../../src/evidence/log/words.ts';

const words = new WordSearch(interestingWords);

/** What no rule of diagnose looks at, or what follows a line that opens a block. */
const exempt = [
  'marker',
  'suppressed',
  'pciehp',
  'nvme-controller',
  'aer-injected',
  'aer-inject-refused',
  'spurious-option',
  'virtio-legacy',
  'virtio-blk-queues',
  'virtio-blk-disk',
  'aer-bit',
  'irq-handler',
];
const exemptSayings = ['link-up', 'link-down', 'hardware-error', 'up-failed', 'pf-still-resetting'];

function factsOf(line: string): string[] {
  const kinds: string[] = [];
  const reader = new FactReader(({ fact }) => {
    const isExempt = fact.kind === 'driver-says' && exemptSayings.includes(fact.what);
    if (!isExempt && !exempt.includes(fact.kind)) kinds.push(fact.kind);
  });
  reader.line(line, 1);
  reader.end();
  return kinds;
}

function quoted(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8')
    .replaceAll(/\$\{port\}/g, 'pcieport 0000:00:02.0: ')
    .replaceAll(/\$\{igb\}/g, 'igb 0000:01:00.0: ');
  return [...text.matchAll(/^\s+\[?\s*(['"`])((?:(?!\1).){8,400})\1,/gm)].map(([, , line]) => line!);
}

test('the bits of an error and the handlers of a line come with the line before them', () => {
  const log = [
    'igb 0000:01:00.0:   device [8086:10c9] error status/mask=00004000/02400000',
    'igb 0000:01:00.0:    [14] CmpltTO                (First)',
    'igb 0000:01:00.0:    [15] CmpltAbrt',
    'handlers:',
    '[<0000000012345678>] usb_hcd_irq [usbcore]',
    '[<0000000012345678>] i801_isr',
    'Disabling IRQ #19',
  ];
  const kinds: string[] = [];
  const reader = new FactReader(({ fact }) => kinds.push(fact.kind));
  const scan = new LogScan(
    (piece, at) => words.next(piece, at),
    (text, line) => reader.line(text, line),
    0,
  );
  scan.push(`${log.join('\n')}\n`);
  scan.end();
  expect(kinds).toEqual([
    'aer-status',
    'aer-bit',
    'aer-bit',
    'irq-handlers',
    'irq-handler',
    'irq-handler',
    'irq-disabled',
  ]);
});

describe.each(['kernel-log.test.ts', 'kernel-log-irq.test.ts', 'sources.test.ts'])('%s', (file) => {
  const lines = quoted(file).filter((line) => factsOf(line).length > 0);
  test('has lines to check', () => expect(lines.length).toBeGreaterThan(file === 'sources.test.ts' ? 4 : 20));
  test.each(lines)('%s', (line) => expect(words.next(line)).toBeGreaterThanOrEqual(0));
});

test.each([
  'smp: Brought up 2 nodes, 80 CPUs',
  'smpboot: Allowing 80 CPUs, 0 hotplug CPUs',
  'CPU topo: Allowing 4 present CPUs plus 0 hotplug CPUs',
  'CPU(s):              80',
  'CPU: 0 PID: 2988 Comm: irq/34-nipalk Tainted: G 4.14.87-rt49 #1',
  'CPU: 1 UID: 0 PID: 5431 Comm: kworker/20:0 Not tainted 6.12.95 #1',
  'Kernel command line: quiet',
  'Command line: quiet',
  'Hypervisor detected: KVM',
  ' 118:  0  53  IR-PCI-MSI 94371841-edge      virtio3-req.0',
  '  11:  0  53  IO-APIC  11-fasteoi   virtio160, virtio161',
  '04:00.0 Ethernet controller: Intel Corporation 82599ES (rev 01)',
  '04:00.0 Ethernet controller [0200]: Intel Corporation 82599ES [8086:10fb] (rev 01)',
  '0000:02:00.0 Non-Volatile memory controller: Realtek Device 5765',
  'vfio: error, group 12 is not viable, please ensure all devices within the iommu_group are bound to their vfio bus driver.',
  'vfio-pci 0000:01:00.0: not ready 1023ms after FLR; waiting',
  'tar: x: Cannot write: No space left on device',
  'kworker-12 [000] d.... 1.000000: vector_alloc: irq=288 vector=0 reserved=1 ret=-28',
])('%s', (line) => {
  expect(factsOf(line)).toHaveLength(1);
  expect(words.next(line)).toBeGreaterThanOrEqual(0);
});
