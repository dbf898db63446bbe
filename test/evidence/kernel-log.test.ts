import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelLines, kernelRecords } from '../../src/evidence/kernel-log/line.ts';
import { kernelEvents, parseKernelMessage } from '../../src/evidence/kernel-log/parse.ts';
import { plainLines, timedLines } from '../../src/evidence/source.ts';

const line = (text: string) => ({ file: 'host.serial', machine: 'host', line: 1, text });

describe('the line layer', () => {
  test.each([
    ['[   12.345678] text', { stamp: 12.345678, message: 'text' }],
    ['<6>[   12.345678] text', { stamp: 12.345678, message: 'text', level: 6 }],
    ['[   12.345678][  T123] text', { stamp: 12.345678, message: 'text' }],
    ['[   12.345678][    C1] text', { stamp: 12.345678, message: 'text' }],
    ['[   12.345678] text\r', { stamp: 12.345678, message: 'text' }],
    ['\x1b[0;32m[   12.345678]\x1b[0m text', { stamp: 12.345678, message: 'text' }],
    ['6,1234,12345678,-;text', { stamp: 12.345678, message: 'text', level: 6 }],
    ['no stamp at all', { message: 'no stamp at all' }],
  ])('%j', (text, expected) => {
    expect(kernelRecords(line(text))).toEqual([expect.objectContaining(expected)]);
  });

  test('records that share a line are pulled apart, and what stands before them is kept', () => {
    const records = kernelRecords(line('vflab-re[    1.000001] one[    1.000002] two'));
    expect(records.map((r) => [r.stamp, r.message])).toEqual([
      [undefined, 'vflab-re'],
      [1.000001, 'one'],
      [1.000002, 'two'],
    ]);
  });

  test('the time prefix of the harness comes off, and only that', () => {
    const [first, second] = timedLines('host.serial', 'host', '12.500000 [    1.000001] 3.5 V\nno prefix\n');
    expect(first).toMatchObject({ arrived: 12.5, text: '[    1.000001] 3.5 V', line: 1 });
    expect(second).toMatchObject({ text: 'no prefix', line: 2 });
    expect(second).not.toHaveProperty('arrived');
  });

  test('a stamp that falls back begins another boot', () => {
    const lines = kernelLines(plainLines('g', 'g', '[    7.400000] a\n[    5.700000] b\n[    5.800000] c\n'));
    expect(lines.map((l) => l.boot)).toEqual([0, 1, 1]);
  });

  test('two CPUs out of order and a log printed once more do not', () => {
    const text = '[    2.000005] a\n[    2.000001] b\n[    9.000000] c\n[    2.000005] a\n[    9.500000] d\n';
    expect(kernelLines(plainLines('g', 'g', text)).map((l) => l.boot)).toEqual([0, 0, 0, 0, 0]);
  });

  test('a reset by QEMU begins another boot even where stamps go on rising', () => {
    const lines = kernelLines(timedLines('g', 'g', '9.0 [    5.000000] a\n20.0 [    6.000000] b\n'), [12]);
    expect(lines.map((l) => l.boot)).toEqual([0, 1]);
  });
});

const port = 'pcieport 0000:00:02.0: ';
const igb = 'igb 0000:01:00.0: ';
const report = { kind: 'aer-report', port: '0000:00:02.0', source: '0000:01:00.0', multiple: false };

/** Real lines of 6.1 and 6.12 unless the comment says otherwise. */
const lines: [string, object][] = [
  [
    `${port}aer_inject: Injecting errors 00000000/00004000 into device 0000:01:00.0`,
    { kind: 'aer-injected', cor: 0, uncor: 0x4000, target: '0000:01:00.0' },
  ],
  [
    "igb 0000:01:00.0: aer_inject: Device doesn't support AER",
    { kind: 'aer-inject-refused', reason: "Device doesn't support AER" },
  ],
  [
    `${port}AER: Uncorrected (Non-Fatal) error message received from 0000:01:00.0`,
    { ...report, severity: 'non-fatal', word: 'Uncorrected' },
  ],
  [
    `${port}AER: Uncorrectable (Fatal) error message received from 0000:01:00.0`,
    { ...report, severity: 'fatal', word: 'Uncorrectable' },
  ],
  [
    `${port}AER: Correctable error message received from 0000:01:00.0`,
    { ...report, severity: 'correctable' },
  ],
  // ≤ 5.15
  [`${port}AER: Uncorrected (Non-Fatal) error received: 0000:01:00.0`, { ...report, severity: 'non-fatal' }],
  [`${port}AER: Multiple Corrected error received: 0000:01:00.0`, { ...report, multiple: true }],
  // ≥ 6.16, bracket not closed
  [
    `${port}AER: Correctable error message received from 0000:01:00.0 (no details found`,
    { ...report, noDetails: true },
  ],
  [
    `${igb}PCIe Bus Error: severity=Uncorrected (Non-Fatal), type=Transaction Layer, (Requester ID)`,
    {
      kind: 'aer-device',
      severity: 'non-fatal',
      layer: 'Transaction Layer',
      agent: 'Requester ID',
      inaccessible: false,
    },
  ],
  [
    `${igb}AER: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)`,
    { kind: 'aer-device', severity: 'fatal', inaccessible: true },
  ],
  [
    `${igb}  device [8086:10c9] error status/mask=00004000/02400000`,
    { kind: 'aer-status', status: 0x4000, mask: 0x2400000 },
  ],
  [`${igb}   [14] CmpltTO               `, { kind: 'aer-bit', bit: 14, name: 'CmpltTO', first: false }],
  [`${igb}   [ 0] RxErr                  (First)`, { kind: 'aer-bit', bit: 0, name: 'RxErr', first: true }],
  [`${igb}AER:   TLP Header: 00000000 00000001 00000002 00000003`, { kind: 'aer-tlp' }],
  // 7.2
  [
    `${igb}AER:   TLP Header: 0x00000000 0x00000001 0x00000002 0x00000003`,
    { kind: 'aer-tlp', header: '00000000 00000001 00000002 00000003' },
  ],
  // pcie/tlp.c, pcie_print_tlp_log()
  [
    `${igb}AER:   TLP Header: 0x4a000001 0x00000004 0x00000000 0x00000000 E-E Prefixes: 0x90000000`,
    { kind: 'aer-tlp', header: '4a000001 00000004 00000000 00000000' },
  ],
  [
    `${igb}AER:   TLP Header (Flit): 0x00000001 0x00000002 0x00000003 0x00000004 0x00000005`,
    { kind: 'aer-tlp', header: '00000001 00000002 00000003 00000004 00000005' },
  ],
  [
    'cxl_pci 0000:c1:00.0: CXL Bus Error: severity=Correctable, type=Transaction Layer, (Receiver ID)',
    { kind: 'aer-device', device: '0000:c1:00.0', severity: 'correctable', inaccessible: false },
  ],
  [`${igb}AER:   Error of this Agent is reported first`, { kind: 'aer-first-agent' }],
  [`${port}AER: found no error details for 0000:01:00.0`, { kind: 'aer-no-details', source: '0000:01:00.0' }],
  [`${port}AER: can't find device of ID0100`, { kind: 'aer-no-details', source: '0000:01:00.0' }],
  [`${port}AER: broadcast mmio_enabled message`, { kind: 'aer-broadcast', step: 'mmio_enabled' }],
  [
    "pci 0000:01:10.0: AER: can't recover (no error_detected callback)",
    { kind: 'aer-cannot-recover', driver: 'pci', device: '0000:01:10.0', why: 'no-callback' },
  ],
  [
    "igb 0000:01:00.0: AER: can't recover (state transition 3 -> 1 invalid)",
    { kind: 'aer-cannot-recover', why: 'bad-transition' },
  ],
  [`${port}Data Link Layer Link Active not set in 1000 msec`, { kind: 'aer-link-inactive', ms: 1000 }],
  [`${port}AER: Root Port link has been reset (-25)`, { kind: 'aer-reset', result: -25 }],
  [`${port}AER: Root Port link has been reset (0)`, { kind: 'aer-reset', result: 0 }],
  [`${port}AER: subordinate device reset failed`, { kind: 'aer-reset-failed' }],
  [`${port}AER: device recovery successful`, { kind: 'aer-end', recovered: true }],
  [`${port}AER: device recovery failed`, { kind: 'aer-end', recovered: false }],
  // RHEL 8.1 and 4.18
  [`${port}AER: Device recovery successful`, { kind: 'aer-end', recovered: true }],
  [`${port}AER: Device recovery from fatal error failed`, { kind: 'aer-end', recovered: false }],
  [`${port}AER: enabled with IRQ 25`, { kind: 'aer-enabled', irq: 25 }],
  [`${igb}Non-correctable non-fatal error reported.`, { kind: 'driver-says', what: 'detected-normal' }],
  ['igbvf 0000:01:10.0: PF still resetting', { kind: 'driver-says', what: 'pf-still-resetting' }],
  [
    'igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX',
    { kind: 'driver-says', what: 'link-up', device: '0000:01:00.0' },
  ],
  ['igbvf 0000:01:00.0: Link is Up 1000 Mbps Full Duplex', { kind: 'driver-says', what: 'link-up' }],
  [
    'nvme nvme0: pci function 0000:02:00.0',
    { kind: 'nvme-controller', controller: 'nvme0', device: '0000:02:00.0' },
  ],
  [
    'nvme nvme0: frozen state error detected, reset controller',
    { kind: 'driver-says', what: 'detected-frozen' },
  ],
  ['nvme nvme0: restart after slot reset', { kind: 'driver-says', what: 'slot-reset' }],
  ['igbvf: probe of 0000:01:10.0 failed with error -5', { kind: 'probe-failed', driver: 'igbvf', errno: -5 }],
  [
    'igbvf 0000:01:10.0: probe with driver igbvf failed with error -5',
    { kind: 'probe-failed', driver: 'igbvf', device: '0000:01:10.0', errno: -5 },
  ],
  [`${port}pciehp: Slot(1): Card not present`, { kind: 'pciehp', slot: '1', what: 'card-not-present' }],
  [`${port}pciehp: Slot(1): Link Down`, { kind: 'pciehp', slot: '1', what: 'link-down' }],
  [
    `${port}pciehp: Slot(1): Link Down/Up ignored (recovered by DPC)`,
    { kind: 'pciehp', slot: '1', what: 'link-ignored' },
  ],
  // ≥ 6.16
  [`${port}pciehp: Slot(1): Link Down/Up ignored`, { kind: 'pciehp', slot: '1', what: 'link-ignored' }],
  [`${port}pciehp: Slot(1): Attention button pressed`, { kind: 'pciehp', what: 'button' }],
  [
    `${port}pciehp: Slot(1) Powering on due to button press`,
    { kind: 'pciehp', slot: '1', what: 'button-on' },
  ],
  [`${port}pciehp: Slot(1): Button press: will power off in 5 sec`, { kind: 'pciehp', what: 'button-off' }],
  [
    'vfio-pci 0000:01:10.0: Relaying device request to user (#10)',
    { kind: 'vfio', what: 'release-requested' },
  ],
  ['vfio-pci 0000:01:10.0: enabling device (0000 -> 0002)', { kind: 'vfio', what: 'enabling' }],
  // ≥ 6.13 (a3151e6daaec PCI: Warn if a running device is unaware of reset)
  ['vfio-pci 0000:01:10.0: reset done', { kind: 'vfio', what: 'enabling' }],
  ['Oops: int3: 0000 [#1] PREEMPT SMP NOPTI', { kind: 'trouble', what: 'int3', deadly: true }],
  ['int3: 0000 [#1] PREEMPT SMP NOPTI', { kind: 'trouble', what: 'int3', deadly: true }],
  ['Kernel panic - not syncing: Fatal exception', { kind: 'trouble', what: 'panic', deadly: true }],
  ['WARNING: CPU: 0 PID: 1 at kernel/irq/matrix.c:370', { kind: 'trouble', what: 'warning' }],
  // 7.2: kernel/panic.c __warn
  [
    'WARNING: kernel/irq/matrix.c:370 at irq_matrix_free+0x13c/0x140, CPU#0: modprobe/253',
    { kind: 'trouble', what: 'warning' },
  ],
  ['kernel BUG at net/core/dev.c:6539!', { kind: 'trouble', what: 'bug', deadly: true }],
  ['INFO: task ip:123 blocked for more than 120 seconds.', { kind: 'trouble', what: 'hung-task' }],
  ['INFO: task dd:45 blocked in I/O wait for more than 122 seconds.', { kind: 'trouble', what: 'hung-task' }],
  [
    'watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 0',
    { kind: 'trouble', what: 'lockup', deadly: false },
  ],
  ['vflab-marker host-1-2', { kind: 'marker', id: 'host-1-2' }],
  ['Linux version 6.12.95+deb12-amd64 (debian-kernel@…)', { kind: 'boot', release: '6.12.95+deb12-amd64' }],
  ['aer_print_error: 12 callbacks suppressed', { kind: 'suppressed', callbacks: 12 }],
  // ≥ 6.16: __ratelimit() names its caller
  ['aer_ratelimit: 3 callbacks suppressed', { kind: 'suppressed', callbacks: 3 }],
];

describe('the lines of AER and of its neighbours', () => {
  test.each(lines)('%s', (text, fact) => {
    expect(parseKernelMessage(text)).toMatchObject(fact);
  });

  test.each([
    'pci 0000:01:10.0: [8086:10ca] type 00 class 0x020000 PCIe Endpoint',
    'igb 0000:01:00.0: Using MSI-X interrupts. 2 rx queue(s), 2 tx queue(s)',
    'pci 0000:00:02.0: BAR 0 [mem 0x80404000-0x80404fff]',
    'ixgbe 0000:04:00.0: restoring config space at offset 0x4 (was 0x100406, writing 0x100006)',
  ])('says nothing of AER: %s', (text) => {
    expect(parseKernelMessage(text)).toBeUndefined();
  });
});

test("a customer's log of 5.15 with debug prints of their own gives the whole course of the recovery", () => {
  const text = readFileSync(join(import.meta.dirname, '../fixtures/logs/customer-5.15.pf.log'), 'utf8');
  const sources = plainLines('pf.log', 'host', text);
  const parsed = kernelLines(sources);
  expect(parsed).toHaveLength(sources.length);
  expect(parsed.every((one) => one.stamp !== undefined)).toBe(true);
  expect(kernelEvents(parsed).map((event) => event.kind)).toEqual([
    'aer-injected',
    'aer-report',
    'aer-device',
    'aer-status',
    'aer-bit',
    'aer-tlp',
    'aer-broadcast',
    'aer-broadcast',
    'aer-broadcast',
    'aer-end',
    'driver-says',
    'driver-says',
  ]);
});
