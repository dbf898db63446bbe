import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { overwrittenEvents, readHandlerLine, readTraceContext } from '../../src/evidence/ftrace/handlers.ts';
import { readQemuTraceLine } from '../../src/evidence/qemu-trace.ts';
import { syncCommand, syncMark, syncWrite } from '../../src/evidence/sync.ts';

const fact = (text: string) => {
  const read = readQemuTraceLine(`25994@1795249814.126821:${text}`);
  if (read.type !== 'event') return read.type;
  const { thread, time, ...rest } = read.event;
  expect([thread, time]).toEqual([25994, 1795249814.126821]);
  return rest;
};

// Lines of QEMU 10.0.2, as it wrote them.
describe("QEMU's trace", () => {
  test.each([
    [
      'pci_nvme_irq_msix raising MSI-X IRQ vector 1',
      { kind: 'raise', source: 'nvme MSI-X 1', deferred: false },
    ],
    [
      'e1000e_irq_msix_notify_vec MSI-X notify vector 0xa',
      { kind: 'raise', source: 'intel-nic MSI-X 10', deferred: false },
    ],
    [
      'e1000e_irq_msix_notify_postponed_vec Sending MSI-X postponed by EITR[3]',
      { kind: 'raise', source: 'intel-nic MSI-X 3', deferred: false },
    ],
    [
      'virtio_notify vdev 0x55d39ffd62f0 vq 0x55d39ffe2790',
      { kind: 'raise', source: 'virtqueue 0x55d39ffe2790', deferred: false },
    ],
    [
      'virtio_notify_irqfd vdev 0x55d39ffd62f0 vq 0x55d39ffe2790',
      { kind: 'raise', source: 'virtqueue 0x55d39ffe2790', deferred: true },
    ],
    [
      'apic_deliver_irq dest 1 dest_mode 0 delivery_mode 0 vector 36 trigger_mode 1',
      { kind: 'message', dest: 1, logical: false, delivery: 0, vector: 36, level: true },
    ],
    ['kvm_report_irq_delivered coalescing 8654', { kind: 'latch', count: 8654 }],
    ['kvm_reset_irq_delivered old coalescing 8', { kind: 'latch-reset' }],
    ['apic_local_deliver vector 0 delivery mode 0', { kind: 'local' }],
    ['ioapic_set_irq vector: 0 level: 1', { kind: 'pin', pin: 2, high: true }],
    [
      "memory_region_ops_write cpu 1 mr 0x5 addr 0xfec00000 value 0x3a size 4 name 'ioapic'",
      { kind: 'ioapic', cpu: 1, register: 'select', value: 0x3a },
    ],
    [
      "memory_region_ops_write cpu 1 mr 0x5 addr 0xfec00010 value 0x1a025 size 4 name 'ioapic'",
      { kind: 'ioapic', cpu: 1, register: 'window', value: 0x1a025 },
    ],
    ['ioapic_set_remote_irr set remote irr for pin 21', { kind: 'remote-irr', pin: 21, set: true }],
    [
      'ioapic_clear_remote_irr clear remote irr for pin 21 vector 35',
      { kind: 'remote-irr', pin: 21, set: false },
    ],
    [
      'msix_write_config dev virtio-net-pci enabled 1 masked 0',
      { kind: 'msix-control', device: 'virtio-net-pci', enabled: true, masked: false },
    ],
    [
      'pci_cfg_write mch 00:00.0 @0x0 <- 0x74656',
      { kind: 'config', bdf: '00:00.0', offset: 0, value: 0x74656 },
    ],
    [
      "memory_region_ops_write cpu 0 mr 0x55a55e17b3f0 addr 0x40804008 value 0xef size 4 name 'msix-table'",
      { kind: 'table', cpu: 0, address: 0x40804008, value: 0xef },
    ],
    [
      "memory_region_ops_write cpu -1 mr 0x55a55ddf0790 addr 0xfee00000 value 0x25 size 4 name 'vtd-ir'",
      { kind: 'sent', address: 0xfee00000, data: 0x25 },
    ],
    [
      "memory_region_ops_write cpu -1 mr 0x5 addr 0xfee01000 value 0x25 size 4 name 'apic-msi'",
      { kind: 'sent', address: 0xfee01000, data: 0x25 },
    ],
    [
      "memory_region_ops_write cpu 1 mr 0x5 addr 0xfee000b0 value 0x0 size 4 name 'apic-msi'",
      { kind: 'eoi', cpu: 1 },
    ],
    [
      "memory_region_ops_write cpu 1 mr 0x5 addr 0xfee00300 value 0xfb size 4 name 'apic-msi'",
      { kind: 'ipi', cpu: 1, vector: 251 },
    ],
    ["memory_region_ops_write cpu 1 mr 0x5 addr 0xfee00380 value 0x9 size 4 name 'apic-msi'", 'other'],
    ["memory_region_ops_write cpu 0 mr 0x5 addr 0x3f8 value 0x9 size 1 name 'serial'", 'other'],
    ['runstate_set current_run_state 9 (running) new_state 0 (debug)', { kind: 'run-state', running: false }],
    [
      'runstate_set current_run_state 5 (prelaunch) new_state 9 (running)',
      { kind: 'run-state', running: true },
    ],
    ['virtqueue_pop vq 0x5 elem 0x6 in_num 1 out_num 1', 'other'],
    ['constructor', 'other'],
    ['kvm_report_irq_delivered coalesc', 'unreadable'],
    ['apic_deliver_irq dest 1 dest_mode 0', 'unreadable'],
  ])('%s', (text, expected) => expect(fact(text)).toEqual(expected));
  test('what is not a trace line is none', () => {
    for (const text of ['', 'qemu-system-x86_64: warning', '5@1.2:x', '5@1795249814.126821:'])
      expect(readQemuTraceLine(text).type).toBe('unreadable');
  });
});

describe("the kernel's handlers", () => {
  const read = (text: string) => {
    const at = readTraceContext(text)!;
    return { ...at, line: readHandlerLine(text, at.end) };
  };
  test('entry, exit, mark', () => {
    expect(
      read(
        '        dropbear-161     [001] D.h1.    19.160421: irq_handler_entry: irq=29 name=virtio0-output.0',
      ),
    ).toMatchObject({
      cpu: 1,
      stamp: 19.160421,
      interruptsOn: false,
      line: { type: 'entry', irq: 29, name: 'virtio0-output.0' },
    });
    expect(
      read('          <idle>-0       [000] dNH1.    19.163126: irq_handler_exit: irq=28 ret=unhandled').line,
    ).toEqual({ type: 'exit', irq: 28, handled: false });
    expect(
      read('              sh-163     [000] .....    12.667625: tracing_mark_write: vflab-sync 7 <'),
    ).toMatchObject({ interruptsOn: true, line: { type: 'mark', text: 'vflab-sync 7 <' } });
  });
  test('soft interrupts off are not interrupts off', () => {
    expect(readTraceContext('  sh-1  [000] b.s1.  1.000000: x')!.interruptsOn).toBe(true);
  });
  test('a task cannot play a line', () => {
    const text = ' [000] d.h1. 1.0: -99   [003] d.h1.     2.000000: irq_handler_entry: irq=1 name=a';
    expect(read(text)).toMatchObject({ cpu: 3, stamp: 2 });
  });
  test('a cut entry is unreadable, other events are not ours', () => {
    expect(read('  sh-1  [000] d.h1.  1.000000: irq_handler_entry: irq=').line).toEqual({
      type: 'unreadable',
    });
    expect(read('  sh-1  [000] d.h1.  1.000000: sched_switch: x').line).toBeUndefined();
  });
  test('how much a ring overwrote', () => {
    expect(overwrittenEvents('# entries-in-buffer/entries-written: 5056/5056   #P:2')).toBe(0);
    expect(overwrittenEvents('# entries-in-buffer/entries-written: 40/90   #P:2')).toBe(50);
    expect(overwrittenEvents('# tracer: nop')).toBeUndefined();
  });
});

test('a mark: what the command writes is what both sides read', () => {
  expect(syncCommand(0x1207)).toContain(`printf '\\126\\106\\007\\022' > `);
  expect(syncWrite({ bdf: '00:00.0', offset: 0, value: 0x12074656 })).toBe(0x1207);
  expect(syncWrite({ bdf: '00:01.0', offset: 0, value: 0x12074656 })).toBeUndefined();
  expect(syncWrite({ bdf: '00:00.0', offset: 0, value: 0x12074657 })).toBeUndefined();
  expect(syncMark('vflab-sync 4615 <')).toEqual({ number: 4615, side: 'before' });
  expect(syncMark('vflab-marker host-1')).toBeUndefined();
});

test('hostile text: never throws, and a line of a megabyte costs no time', () => {
  const head = '25994@1795249814.126821:';
  const names = [
    'memory_region_ops_write cpu ',
    'pci_cfg_write ',
    'msix_write_config dev ',
    'apic_deliver_irq dest ',
  ];
  const start = performance.now();
  for (const name of names) readQemuTraceLine(head + name + 'a '.repeat(500_000));
  readTraceContext('[000] '.repeat(200_000));
  readTraceContext(`${' '.repeat(1_000_000)}[000] d.h1. ${' '.repeat(1_000_000)}`);
  expect(performance.now() - start).toBeLessThan(1000);
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('', ...names), (text, name) => {
      readQemuTraceLine(head + name + text);
      readQemuTraceLine(text);
      const at = readTraceContext(`  sh-1  [000] d.h1.  1.000000: ${text}`);
      if (at) readHandlerLine(`  sh-1  [000] d.h1.  1.000000: ${text}`, at.end);
    }),
  );
});
