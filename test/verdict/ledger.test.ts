/** Each rule of the ledger with the traces that it is about, and with those in which it must not excuse. */
import { describe, expect, test } from 'vitest';
import { LedgerClock } from '../../src/model/ledger/clock.ts';
import type { Outcome } from '../../src/model/ledger/types.ts';
import { LedgerReader } from '../../src/verdict/ledger.ts';
import { ledgerOf } from '../qemu/ledger-read.ts';
import { TwoTraces } from './ledger-traces.ts';

const irq = 36;
const vector = 37;

/** After boot: irq 36 has vector 37 of CPU 0, and a mark is made. */
const booted = () =>
  new TwoTraces()
    .device('kvm_report_irq_delivered coalescing 10')
    .config(irq, 0, vector)
    .config(35, 1, 40)
    .mark()
    .wait(0.01);

function read(traces: TwoTraces, log = '') {
  const result = ledgerOf(traces.qemu.join('\n'), traces.kernel.join('\n'), log);
  const counts = Object.fromEntries(Object.entries(result.totals.counts).filter(([, n]) => n > 0));
  return { ...result, counts: counts as Partial<Record<Outcome, number>> };
}

const newest = '[    0.000000] Linux version 7.2.13+deb14-amd64 (debian-kernel@lists.debian.org)\n';
const unhandled = (traces: TwoTraces) => traces.raise(1).message(0, vector).accept(0, vector).wait(1e-3);

describe('balance', () => {
  test('each raise handled', () => {
    const traces = booted().whole(irq, 0, vector).whole(irq, 0, vector).end();
    const { totals, counts, rows, entries, pending } = read(traces);
    expect(totals).toMatchObject({ raised: 2, held: 0, sent: 2, unprompted: 0 });
    expect(counts).toEqual({ handled: 2 });
    expect(rows).toMatchObject([{ irq, name: 'nvme0q1', slots: new Set([vector]) }]);
    expect([entries, pending]).toEqual([[], []]);
  });
  test('a second message while the bit in IRR is set adds nothing', () => {
    const traces = booted().raise(1).message(0, vector).raise(1).message(0, vector);
    expect(read(traces.accept(0, vector).round(irq, 0).end()).counts).toEqual({ handled: 1, coalesced: 1 });
  });
  test('two handlers of a shared line are one round; the same handler twice is two', () => {
    const port = booted().message(0, vector).accept(0, vector);
    for (const name of ['PCIe PME', 'aerdrv', 'pciehp']) port.round(irq, 0, name);
    expect(read(port.end())).toMatchObject({ counts: { handled: 1 }, totals: { unprompted: 0 } });
    const twice = booted().message(0, vector).accept(0, vector).round(irq, 0).round(irq, 0).end();
    expect(read(twice).totals.unprompted).toBe(1);
  });
  test('a handler that begins after the next interrupt has come is still that of the first', () => {
    const traces = booted().raise(1).message(0, vector).accept(0, vector).raise(1).message(0, vector);
    traces.round(irq, 0).accept(0, vector).round(irq, 0).end();
    expect(read(traces).counts).toEqual({ handled: 2 });
  });
  test('what lies outside the marks is not counted', () => {
    const traces = new TwoTraces().config(irq, 0, vector);
    unhandled(traces).wait(1).mark().wait(0.01).whole(irq, 0, vector).end().wait(1);
    expect(read(unhandled(traces)).counts).toEqual({ handled: 1 });
  });
  test('a move: the last interrupt on the old vector, the next on the new one', () => {
    const traces = booted().whole(irq, 0, vector).raise(1).message(0, vector);
    traces.config(irq, 1, 41).accept(0, vector).round(irq, 0);
    traces.whole(irq, 1, 41).trace(0, `vector_free_moved: irq=${irq} cpu=0 vector=${vector} is_managed=0`);
    expect(read(traces.whole(irq, 1, 41).end()).counts).toEqual({ handled: 4 });
  });
});

describe('clocks', () => {
  const mark = (device: number, low: number, high: number) => ({
    device,
    low: device + low,
    high: device + high,
  });
  test('marks at nearly one time are together narrower than each of them', () => {
    const clock = new LedgerClock([mark(10, -0.004, 0.0001), mark(10.001, -0.0001, 0.005)]);
    expect(clock.error).toBeLessThan(0.00011);
    const { low, high } = clock.toGuest(10);
    expect([low, high].map((t) => Math.round((t - 10) * 1e4))).toEqual([-1, 1]);
  });
  test('marks that contradict each other leave the narrowest', () => {
    const clock = new LedgerClock([mark(10, 0.001, 0.002), mark(10.001, 0.0031, 0.0036)]);
    expect(clock.error).toBeCloseTo(0.00025, 5);
  });
  test('a machine that stood still had no time meanwhile', () => {
    const traces = booted().whole(irq, 0, vector).standStill(3).whole(irq, 0, vector);
    unhandled(traces).wait(0.1).standStill(2).whole(irq, 0, vector).wait(0.5).end();
    const counts = { handled: 3, lost: 1 };
    expect(read(traces)).toMatchObject({ counts });
    expect(read(traces).clockError).toBeLessThan(1e-4);
    // Control: a trace that does not say so cannot be set against the kernel's.
    const silent = traces.qemu.filter((line) => !line.includes('runstate_set'));
    traces.qemu.splice(0, traces.qemu.length, ...silent);
    expect(read(traces).counts).not.toEqual(counts);
  });
});

describe('lost', () => {
  test('the irq owns the vector, the CPU took the interrupt, and no handler ran', () => {
    const traces = unhandled(booted().whole(irq, 0, vector))
      .whole(irq, 0, vector)
      .end();
    const { counts, entries } = read(traces);
    expect(counts).toEqual({ handled: 2, lost: 1 });
    expect(entries).toMatchObject([{ outcome: 'lost', irq, source: 'nvme MSI-X 1' }]);
    expect(traces.qemu[entries[0]!.line - 1]).toContain('apic_deliver_irq dest 0');
  });
  test('a kernel whose trace clock jumps, or one of whose CPUs died unseen, is not accused', () => {
    const traces = unhandled(booted().whole(irq, 0, vector))
      .whole(irq, 0, vector)
      .end();
    const log = (text: string) => `[    0.000748] ${text}\n`;
    expect(read(traces, log('tsc: Detected 2099.938 MHz processor')).counts).toEqual({ handled: 2, lost: 1 });
    for (const text of [
      'tsc: Marking TSC unstable due to TSCs unsynchronized',
      'sched_clock: Marking unstable (1022412713, 7321)<-(1048574137, -26154097)',
      'smpboot: CPU 1 is now offline',
    ]) {
      const { counts, entries } = read(traces, log(text));
      expect(counts).toEqual({ handled: 2, unknown: 1 });
      expect(entries[0]!.why).toContain('nobody is accused');
    }
  });
  test('a vector that no irq ever owned; the entry tells whose it was', () => {
    const traces = booted().whole(irq, 0, vector).table(irq, 0, 0xe0);
    const log = '[   10.5] __common_interrupt: 0.224 No irq handler for vector\n';
    traces.raise(1).message(0, 0xe0).accept(0, 0xe0).wait(0.01).end();
    const { entries, counts } = read(traces, log.replace('10.5', '10.500000'));
    expect(counts).toEqual({ handled: 1, lost: 1 });
    expect(entries[0]!.why).toBe(
      'it went to vector 224 of CPU 0, which no irq owned, while irq 36 was in use elsewhere',
    );
    expect(entries[0]!.evidence).toEqual([{ from: 'log', line: 1 }]);
  });
  test('a physical destination is none of a kernel that counts in logical ones', () => {
    const logical = (cpu: number) =>
      `vector_config: irq=${irq + cpu} vector=${vector} cpu=${cpu} apicdest=0x0000000${1 << cpu}`;
    const traces = booted().trace(0, logical(0)).trace(1, logical(1)).raise(1);
    traces.device("memory_region_ops_write cpu -1 mr 0x5 addr 0xfee01004 value 0x25 size 4 name 'vtd-ir'");
    traces.device(`apic_deliver_irq dest 1 dest_mode 1 delivery_mode 0 vector ${vector} trigger_mode 0`);
    traces.device('kvm_report_irq_delivered coalescing 11').accept(0, vector).round(irq, 0);
    traces.device("memory_region_ops_write cpu -1 mr 0x5 addr 0xfee01000 value 0x25 size 4 name 'vtd-ir'");
    traces.device(`apic_deliver_irq dest 1 dest_mode 0 delivery_mode 0 vector ${vector} trigger_mode 0`);
    traces.device('kvm_report_irq_delivered coalescing 12');
    const { counts, entries } = read(traces.end());
    expect(counts).toEqual({ handled: 1, unknown: 1 });
    expect(entries[0]!.why).toBe('no vector_config names a CPU with the physical destination 1');
  });
  test('no APIC answers', () => {
    const traces = booted().whole(irq, 0, vector).raise(1).message(0, vector, 77);
    const { entries } = read(traces.device('apic_local_deliver vector 0 delivery mode 0').end());
    expect(entries).toMatchObject([{ outcome: 'lost', why: 'no local APIC answers to destination 77' }]);
  });
  test('the IOMMU lets nothing through', () => {
    const traces = booted().whole(irq, 0, vector).raise(1);
    traces.device("memory_region_ops_write cpu -1 mr 0x5 addr 0xfee00000 value 0x25 size 4 name 'vtd-ir'");
    const { entries } = read(traces.raise(2).message(0, vector).accept(0, vector).round(irq, 0).end());
    expect(entries).toMatchObject([{ outcome: 'lost', why: 'the IOMMU let no message through' }]);
  });
  test('a timer right after a message to nobody is not its arrival', () => {
    const traces = booted().raise(1).message(0, vector, 77);
    traces
      .device('apic_local_deliver vector 0 delivery mode 0')
      .device('kvm_report_irq_delivered coalescing 11');
    expect(read(traces.end()).counts).toEqual({ lost: 1 });
  });
});

describe('excused', () => {
  test('held back by the function’s mask: a pending bit', () => {
    const traces = booted().whole(irq, 0, vector);
    traces.device('msix_write_config dev nvme enabled 1 masked 1', 200).raise(1).raise(1);
    const { totals, counts, pending } = read(traces.end());
    expect(totals).toMatchObject({ raised: 3, held: 2, sent: 1 });
    expect(counts).toEqual({ handled: 1 });
    expect(pending).toMatchObject([
      { source: 'nvme MSI-X 1', raises: 2, why: 'MSI-X of nvme is masked as a whole' },
    ]);
    expect(traces.qemu[pending[0]!.evidence[0]!.line - 1]).toContain('enabled 1 masked 1');
  });
  test('held back by the vector’s mask, then released: the message has no raise of its own', () => {
    const traces = booted().whole(irq, 0, vector).mask(irq, 1, 1).raise(1);
    expect(read(traces).pending).toEqual([]);
    traces
      .mask(irq, 1, 0)
      .message(0, vector, 0, 201)
      .accept(0, vector)
      .round(irq, 0)
      .whole(irq, 0, vector)
      .end();
    const { totals, counts, pending } = read(traces);
    expect(totals).toMatchObject({ raised: 3, held: 1, sent: 3 });
    expect(counts).toEqual({ handled: 3 });
    expect(pending).toEqual([]);
  });
  test('disabled: masked on arrival by the CPU that took it', () => {
    const traces = unhandled(booted().whole(irq, 0, vector))
      .mask(irq, 0, 1)
      .end();
    expect(read(traces).counts).toEqual({ handled: 1, disabled: 1 });
  });
  test('…but not if it was another CPU’s mask, or one that was lifted', () => {
    const other = unhandled(booted().whole(irq, 0, vector))
      .mask(irq, 1, 1)
      .end();
    expect(read(other).counts).toEqual({ handled: 1, lost: 1 });
    const lifted = unhandled(booted().whole(irq, 0, vector))
      .mask(irq, 0, 1)
      .mask(irq, 0, 0)
      .end();
    expect(read(lifted).counts).toEqual({ handled: 1, lost: 1 });
  });
  /** A level pin that stays high: EOI sends once more, and the message has no raise of its own. */
  const again = (traces: TwoTraces) =>
    traces
      .device('ioapic_set_remote_irr set remote irr for pin 21', 200)
      .message(0, vector, 0, 200)
      .wait(10e-6);
  const pin = (traces: TwoTraces, cpu: number, value: string) =>
    traces
      .device(
        `memory_region_ops_write cpu ${cpu} mr 0x57 addr 0xfec00000 value 0x3a size 4 name 'ioapic'`,
        200 + cpu,
      )
      .device(
        `memory_region_ops_write cpu ${cpu} mr 0x57 addr 0xfec00010 value ${value} size 4 name 'ioapic'`,
        200 + cpu,
      );
  test('disabled: its pin of the IO-APIC masked on arrival', () => {
    const traces = again(booted().whole(irq, 0, vector)).accept(0, vector);
    const { counts, entries } = read(pin(traces, 0, '0x1a025').end());
    expect(counts).toEqual({ handled: 1, disabled: 1 });
    expect(traces.qemu[entries[0]!.evidence[0]!.line - 1]).toContain('value 0x1a025');
  });
  test('…but not if the pin was unmasked, or masked by another CPU, or if it was a message of none', () => {
    const made = () => again(booted().whole(irq, 0, vector)).accept(0, vector);
    expect(read(pin(made(), 0, '0xa025').end()).counts).toEqual({ handled: 1, lost: 1 });
    expect(read(pin(made(), 1, '0x1a025').end()).counts).toEqual({ handled: 1, lost: 1 });
    const other = unhandled(booted().whole(irq, 0, vector));
    expect(read(pin(other, 0, '0x1a025').end()).counts).toEqual({ handled: 1, lost: 1 });
  });
  test('held back by the mask of a pin', () => {
    const traces = pin(booted(), 0, '0x1a025')
      .device('ioapic_set_irq vector: 21 level: 1', 200)
      .device('apic_local_deliver vector 0 delivery mode 0', 200);
    const { pending } = read(traces.wait(1e-3).end());
    expect(pending).toMatchObject([{ source: 'GSI 21', why: 'its pin of the IO-APIC is masked' }]);
    expect(traces.qemu[pending[0]!.evidence[0]!.line - 1]).toContain('0x1a025');
  });
  test('disabled, and replayed when enabled again: one unprompted round for one interrupt', () => {
    const traces = unhandled(booted().whole(irq, 0, vector)).whole(irq, 0, vector);
    expect(read(traces.wait(1).round(irq, 0).end()).counts).toEqual({ handled: 2, replayed: 1 });
    const two = unhandled(unhandled(booted()).whole(irq, 0, vector)).whole(irq, 0, vector);
    expect(read(two.wait(1).round(irq, 0).end()).counts).toEqual({ handled: 2, replayed: 1, lost: 1 });
  });
  test('disabled by the spurious detector', () => {
    const log = '[   10.000001] Disabling IRQ #36\n';
    expect(read(unhandled(booted()).end(), log).counts).toEqual({ disabled: 1 });
    expect(read(unhandled(booted()).end(), log.replace('36', '35')).counts).toEqual({ lost: 1 });
  });
  test('freed: the driver gave the vector back', () => {
    const clear = `vector_clear: irq=${irq} vector=${vector} cpu=0 prev_vector=0 prev_cpu=0`;
    const before = unhandled(booted().whole(irq, 0, vector).trace(0, clear)).end();
    expect(read(before).counts).toEqual({ handled: 1, freed: 1 });
    const rightAfter = unhandled(booted().whole(irq, 0, vector))
      .trace(0, clear)
      .end();
    expect(read(rightAfter).counts).toEqual({ handled: 1, freed: 1 });
    const muchLater = unhandled(booted().whole(irq, 0, vector))
      .wait(1)
      .trace(0, clear)
      .end();
    expect(read(muchLater).counts).toEqual({ handled: 1, lost: 1 });
  });
  test('…but not a message of an irq in use to a vector that another irq gave back', () => {
    const traces = booted()
      .whole(irq, 0, vector)
      .trace(1, 'vector_clear: irq=35 vector=40 cpu=1 prev_vector=0 prev_cpu=0');
    traces.whole(irq, 0, vector).mask(35, 1, 1).table(irq, 1, 40).raise(1).message(1, 40).accept(1, 40);
    expect(read(traces.wait(0.01).end()).counts).toEqual({ handled: 2, lost: 1 });
  });
  test('in progress on another CPU', () => {
    const traces = booted().config(irq, 1, 41).whole(irq, 1, 41);
    traces.raise(1).message(1, 41).accept(1, 41).trace(1, `irq_handler_entry: irq=${irq} name=nvme0q1`);
    traces.wait(2e-3).message(0, vector).accept(0, vector).wait(2e-3);
    traces.trace(1, `irq_handler_exit: irq=${irq} ret=handled`).end();
    expect(read(traces).counts).toEqual({ handled: 2, 'in-progress': 1 });
    // The irq is where that handler runs: whatever the kernel, the CPU that it has left does not wait.
    expect(read(traces, newest).counts).toEqual({ handled: 2, 'in-progress': 1 });
  });
  test('in progress on the CPU that the irq has left: it has a round of its own since 6.17', () => {
    const running = () => {
      const traces = booted().config(irq, 1, 41).whole(irq, 1, 41);
      traces.raise(1).message(1, 41).accept(1, 41).trace(1, `irq_handler_entry: irq=${irq} name=nvme0q1`);
      return traces.config(irq, 0, 42).wait(2e-3).raise(1).message(0, 42).accept(0, 42).wait(2e-3);
    };
    const exit = `irq_handler_exit: irq=${irq} ret=handled`;
    const none = running().trace(1, exit).end();
    expect(read(none).counts).toEqual({ handled: 2, 'in-progress': 1 });
    expect(read(none, newest).counts).toEqual({ handled: 2, lost: 1 });
    const own = running()
      .trace(1, exit)
      .trace(0, `irq_handler_entry: irq=${irq} name=nvme0q1`)
      .trace(0, exit);
    expect(read(own.end(), newest).counts).toEqual({ handled: 3 });
    // It moves on before the handler is done: where the CPU looked, the irq may have been elsewhere.
    const on = running().config(irq, 1, 43).trace(1, exit).end();
    expect(read(on, newest).counts).toEqual({ handled: 2, 'in-progress': 1 });
  });
});

describe('not accused for what was not seen', () => {
  test('the CPU showed no sign of life since: in flight', () => {
    const traces = booted().whole(irq, 0, vector).mark().raise(1).message(0, vector).wait(0.01);
    // The last mark is written on CPU 1.
    traces.trace(1, 'tracing_mark_write: vflab-sync 3 <', '.....');
    traces
      .device(`pci_cfg_write mch 00:00.0 @0x0 <- 0x34656`)
      .trace(1, 'tracing_mark_write: vflab-sync 3 >', '.....');
    expect(read(traces).counts).toEqual({ handled: 1, 'in-flight': 1 });
  });
  test('the kernel’s ring lost events', () => {
    const traces = unhandled(booted());
    traces.kernel.push('CPU:0 [LOST 12 EVENTS]');
    expect(read(traces.end())).toMatchObject({ counts: { unknown: 1 }, input: { kernelLost: 12 } });
  });
  test('the ring was overwritten', () => {
    const traces = unhandled(booted()).wait(0.01).whole(irq, 0, vector).end();
    traces.kernel[0] = '# entries-in-buffer/entries-written: 40/90   #P:2';
    expect(read(traces)).toMatchObject({ counts: { handled: 1, unknown: 1 }, input: { kernelLost: 50 } });
  });
  test('a trace that begins in the middle, at any line: handlers whose vector is not known', () => {
    const traces = booted().whole(irq, 0, vector).mark().wait(0.3).whole(irq, 0, vector).end();
    for (let from = 2; from < traces.kernel.length; from += 1) {
      const kernel = traces.kernel.slice(from).join('\n');
      if (!kernel.includes('vflab-sync 3 <')) break;
      expect(ledgerOf(traces.qemu.join('\n'), kernel).totals.counts.lost).toBe(0);
    }
  });
  test('either trace cut anywhere at its end', () => {
    const traces = booted().whole(irq, 0, vector).mark().wait(0.3).whole(irq, 0, vector).end();
    const [qemu, kernel] = [traces.qemu.join('\n'), traces.kernel.join('\n')];
    for (const cut of Array.from({ length: 60 }, (_, i) => (i + 1) / 61)) {
      for (const [q, k] of [
        [qemu.slice(0, qemu.length * cut), kernel],
        [qemu, kernel.slice(0, kernel.length * cut)],
      ] as const) {
        const reader = new LedgerReader();
        for (const line of q.split('\n')) reader.qemuLine(line);
        for (const line of k.split('\n')) reader.kernelLine(line);
        expect(reader.close()?.totals.counts.lost ?? 0).toBe(0);
      }
    }
  });
  test('a cut line in QEMU’s trace: whether a bit was clear is not known', () => {
    const traces = booted().raise(1).message(0, vector);
    traces.qemu.splice(-1, 0, 'kvm_report_irq_del');
    expect(read(traces.accept(0, vector).end()).counts).toEqual({});
    expect(read(traces).input.unreadable).toBe(1);
  });
  test('no mark in both: nothing is said at all', () => {
    const traces = booted().end();
    expect(() => ledgerOf(traces.qemu.join('\n'), '# tracer: nop\n')).toThrow('no mark in both');
  });
});
