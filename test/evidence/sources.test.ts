import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseInterrupts } from '../../src/evidence/interrupts.ts';
import { parseLspci } from '../../src/evidence/lspci.ts';
import { parseStderr, parseStderrText } from '../../src/evidence/qemu-stderr.ts';
import { parseQmp } from '../../src/evidence/qmp.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8');

describe('/proc/interrupts', () => {
  const of = (row: string) => parseInterrupts(`           CPU0       CPU1\n${row}\n`).rows[0];

  test.each([
    // 6.1
    [' 26:  3  0   PCI-MSI 524289-edge      virtio0-req.0', { chip: 'PCI-MSI', hwirq: '524289-edge' }],
    // 6.12
    [
      ' 26:  3  0  PCI-MSIX-0000:01:00.0   1-edge      virtio0-req.0',
      { chip: 'PCI-MSIX-0000:01:00.0', hwirq: '1-edge', device: '0000:01:00.0', actions: ['virtio0-req.0'] },
    ],
    [
      ' 24:      6      0   PCI-MSI 49152-edge      PCIe PME, aerdrv, pciehp',
      { actions: ['PCIe PME', 'aerdrv', 'pciehp'], counts: [6, 0] },
    ],
    [
      ' 29:  0  6   PCI-MSI 65540-edge      vfio-msix[4](0000:00:04.0)',
      { actions: ['vfio-msix[4](0000:00:04.0)'] },
    ],
    [
      'NMI:  0  2   Non-maskable interrupts',
      { irq: 'NMI', counts: [0, 2], actions: ['Non-maskable interrupts'] },
    ],
    // 7.2: the chip's name is padded on the right, and not at all where it is the longest of them
    [
      '   4:        137          0  IO-APIC                  4-edge      ttyS0',
      { irq: '4', counts: [137, 0], chip: 'IO-APIC', hwirq: '4-edge', actions: ['ttyS0'] },
    ],
    [
      '  26:          3          0  PCI-MSIX-0000:01:00.0    1-edge      virtio0-req.0',
      { chip: 'PCI-MSIX-0000:01:00.0', hwirq: '1-edge', device: '0000:01:00.0', actions: ['virtio0-req.0'] },
    ],
    [
      '  27: 4294967295 4294967295  PCI-MSIX-0000:01:00.0    2-edge      virtio0-req.1',
      { irq: '27', counts: [4294967295, 4294967295] },
    ],
    // 7.2: a count for every CPU, shown once there is one; a row of four letters
    [
      ' ERR:          0          1  PIC/APIC error interrupts',
      { irq: 'ERR', counts: [0, 1], actions: ['PIC/APIC error interrupts'] },
    ],
    [
      'VPMI:          0          0  Perf Guest Mediated PMI',
      { irq: 'VPMI', counts: [0, 0], actions: ['Perf Guest Mediated PMI'] },
    ],
  ])('%s', (row, expected) => {
    expect(of(row)).toMatchObject(expected);
  });

  test('a recorded snapshot with interrupt remapping', () => {
    const { cpus, rows } = parseInterrupts(
      fixture('recordings/hang-6.12/snapshots/before-fault.host.interrupts'),
    );
    expect(cpus).toEqual([0, 1]);
    expect(rows.find((row) => row.actions.includes('aerdrv'))).toMatchObject({ device: '0000:00:04.0' });
    expect(rows.filter((row) => row.actions[0]?.startsWith('vfio-msix'))).toHaveLength(3);
    // ERR and MIS had one count for all CPUs up to 7.1.
    expect(rows.find((row) => row.irq === 'ERR')).toMatchObject({ counts: [0] });
  });
});

describe('lspci -vvv', () => {
  test("a customer's PF", () => {
    const [pf] = parseLspci(fixture('logs/customer-5.15.pf.lspci'));
    expect(pf).toMatchObject({
      bdf: '0000:04:00.0',
      driver: 'ixgbe',
      msix: { enabled: true, count: 64, masked: false },
      msi: { enabled: false },
      headerLog: '00000000 00000001 00000002 00000003',
      sriov: { enabled: true, numVfs: 1, totalVfs: 64, offset: 128, stride: 2 },
    });
    expect(pf?.control).toMatchObject({ Mem: true, BusMaster: true, 'I/O': false });
    expect(pf?.status).toMatchObject({ Cap: true, '>TAbort': false, '<TAbort': false });
    expect(pf?.ueSta?.CmpltAbrt).toBe(false);
    expect(pf?.ueSvrt).toMatchObject({ DLP: true, MalfTLP: true, CmpltTO: false });
    expect(pf?.ceMsk?.AdvNonFatalErr).toBe(true);
    expect(pf?.devSta).toMatchObject({ CorrErr: false, UnsupReq: false });
  });

  test('a recorded snapshot: flag lines that are broken in two, and the RootSta of two capabilities', () => {
    const functions = parseLspci(fixture('recordings/hang-6.12/snapshots/after-fault.host.lspci'));
    const pf = functions.find((fn) => fn.bdf === '0000:01:00.0');
    expect(pf?.ueSta).toMatchObject({
      DLP: false,
      MalfTLP: false,
      ECRC: false,
      UnsupReq: false,
      ACSViol: false,
    });
    const port = functions.find((fn) => fn.bdf === '0000:00:04.0');
    expect(port?.rootSta).toHaveProperty('PMEStatus');
    expect(functions.find((fn) => fn.bdf === '0000:01:10.0')?.driver).toBe('vfio-pci');
  });

  test('a function that does not answer', () => {
    const [gone] = parseLspci(
      '01:00.0 Ethernet controller: Intel Corporation 82576 (rev ff)\n\t!!! Unknown header type 7f\n',
    );
    expect(gone).toMatchObject({ bdf: '0000:01:00.0', gone: true });
  });
});

describe('QMP', () => {
  const record = (...messages: object[]) =>
    messages.map((msg, i) => JSON.stringify({ t: i, dir: 'in', msg })).join('\n');

  test('events, the reply to query-status, and commands with their errors', () => {
    const { events, broken } = parseQmp(
      'vm0.qmp',
      'vm0',
      record(
        { execute: 'query-status', id: 1 },
        { event: 'STOP' },
        { return: { status: 'internal-error', running: false }, id: 1 },
        { execute: 'cont', id: 2 },
        { error: { class: 'GenericError', desc: 'Resetting the Virtual Machine is required' }, id: 2 },
        { event: 'DEVICE_DELETED', data: { device: 'nic0-vf1', path: '/machine/peripheral/nic0-vf1' } },
        { event: 'RESET', data: { guest: true } },
        { event: 'RESUME' },
      ),
    );
    expect(broken).toBe(0);
    expect(events.map(({ at, t, ...fact }) => [at.line, t, fact])).toEqual([
      [2, 1, { kind: 'stop' }],
      [3, 2, { kind: 'status', status: 'internal-error', running: false }],
      [
        5,
        4,
        {
          kind: 'command',
          name: 'cont',
          args: {},
          error: 'Resetting the Virtual Machine is required',
          sentAt: 3,
        },
      ],
      [6, 5, { kind: 'device-deleted', device: 'nic0-vf1', path: '/machine/peripheral/nic0-vf1' }],
      [7, 6, { kind: 'reset', byGuest: true }],
      [8, 7, { kind: 'resume' }],
    ]);
  });

  test('replies are paired by id, for QEMU may answer out of order (oob)', () => {
    const { events } = parseQmp(
      'vm0.qmp',
      'vm0',
      record(
        { execute: 'device_add', id: 1 },
        { execute: 'cont', id: 2 },
        { return: {}, id: 2 },
        { return: {}, id: 1 },
      ),
    );
    expect(events.map((event) => event.kind === 'command' && event.name)).toEqual(['cont', 'device_add']);
  });

  test('a cut line is counted', () => {
    expect(parseQmp('vm0.qmp', 'vm0', '{"t":1,"dir":"in","msg":{"eve').broken).toBe(1);
  });
});

describe("QEMU's stderr", () => {
  test('the message of vfio, with its wall clock', () => {
    const [event] = parseStderr(
      'vm0.stderr',
      'vm0',
      '18.875017 2026-11-21T05:40:27.662768Z qemu-system-x86_64: vfio_err_notifier_handler(0000:01:10.0) Unrecoverable error detected. Please collect any data possible and then kill the guest\n',
    );
    expect(event).toMatchObject({
      kind: 'vfio-error',
      device: '0000:01:10.0',
      wallMs: Date.UTC(2026, 10, 21, 5, 40, 27, 662),
      at: { arrived: 18.875017 },
    });
  });

  test.each([
    [
      "qemu-system-x86_64: ../system/physmem.c:2418: iotlb_to_section: Assertion `section_index < d->map.sections_nb' failed.",
      { kind: 'emulator-broke', quirk: 'tcg-iotlb-assertion' },
    ],
    [
      "qemu: hw/pci/msix.c:10: f: Assertion `x < y' failed.",
      { kind: 'emulator-broke', what: 'assertion x < y' },
    ],
    [
      '**\nERROR:../accel/tcg/cputlb.c:100:tlb_x: code should not be reached'.split('\n')[1]!,
      { kind: 'emulator-broke' },
    ],
    ['KVM internal error. Suberror: 1', { kind: 'kvm-internal-error' }],
    [
      'qemu: vfio 0000:01:10.0: Failed to set up TRIGGER eventfd signaling for interrupt MSIX-0: VFIO_DEVICE_SET_IRQS failure: No space left on device',
      {
        kind: 'set-irqs-failed',
        reason: 'No space left on device',
        device: '0000:01:10.0',
        trigger: { type: 'MSIX', index: 0 },
      },
    ],
    [
      'kvm: -device vfio-pci,host=0000:01:00.0,id=hostpci1,bus=ich9-pcie-port-2,addr=0x0: vfio 0000:01:00.0: Failed to set up TRIGGER eventfd signaling for interrupt INTX-0: VFIO_DEVICE_SET_IRQS failure: Device or resource busy',
      {
        kind: 'set-irqs-failed',
        reason: 'Device or resource busy',
        device: '0000:01:00.0',
        trigger: { type: 'INTX', index: 0 },
      },
    ],
    // QEMU up to 2.12 says no more than this.
    [
      'vfio: Error: Failed to setup INTx fd: VFIO_DEVICE_SET_IRQS failure: Device or resource busy',
      { kind: 'set-irqs-failed', reason: 'Device or resource busy' },
    ],
  ])('%s', (text, fact) => {
    expect(parseStderrText(text)).toMatchObject(fact);
  });

  test('ordinary warnings are nothing', () => {
    expect(
      parseStderrText("qemu-system-x86_64: warning: host doesn't support requested feature"),
    ).toBeUndefined();
  });
});
