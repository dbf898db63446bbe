/**
 * The trace that a QEMU wrote of its interrupts (`-trace NAME -msg timestamp=on`, log backend), one line at a time:
 * `THREAD@SECONDS.MICROSECONDS:NAME FIELDS`. Formats: scripts/tracetool/backend/log.py and the trace-events files of
 * hw/intc, hw/net, hw/nvme, hw/pci, hw/virtio and system of QEMU 10.0.
 */

export type QemuTraceFact =
  /** A device raises. `deferred`: through an eventfd, so that the message follows later, in another context. */
  | { kind: 'raise'; source: string; deferred: boolean }
  /** A device's write into the interrupt address range: the message as the MSI-X table (or an IO-APIC pin) has it. */
  | { kind: 'sent'; address: number; data: number }
  /** A message for local APICs, after remapping. `dest` is cut to 8 bits (hw/intc/trace-events). */
  | { kind: 'message'; dest: number; logical: boolean; delivery: number; vector: number; level: boolean }
  /** A write to the IO-APIC: `select` says which register `window` is. */
  | { kind: 'ioapic'; cpu: number; register: 'select' | 'window'; value: number }
  /** An APIC took an interrupt. The count goes up when its bit in IRR was clear (hw/intc/apic.c apic_set_irq). */
  | { kind: 'latch'; count: number }
  | { kind: 'latch-reset' }
  /** An interrupt of no device comes next: a local APIC's timer. */
  | { kind: 'local' }
  /** CPU `cpu` sends an interrupt to a processor, itself maybe. */
  | { kind: 'ipi'; cpu: number; vector: number }
  | { kind: 'eoi'; cpu: number }
  /** Input of the IO-APIC. */
  | { kind: 'pin'; pin: number; high: boolean }
  | { kind: 'remote-irr'; pin: number; set: boolean }
  /** CPU `cpu` wrote one 32-bit word of an MSI-X table, by its physical address. */
  | { kind: 'table'; cpu: number; address: number; value: number }
  | { kind: 'msix-control'; device: string; enabled: boolean; masked: boolean }
  | { kind: 'config'; bdf: string; offset: number; value: number }
  /** The machine stands still from here on, or goes on. */
  | { kind: 'run-state'; running: boolean };

export type QemuTraceEvent = QemuTraceFact & {
  thread: number;
  /** Wall clock of the machine that ran QEMU, seconds since 1970. */
  time: number;
};

export type QemuTraceLine =
  | { type: 'event'; event: QemuTraceEvent }
  /** A trace event that says nothing to a ledger. */
  | { type: 'other' }
  /** Not a line of a trace, or one that is cut. */
  | { type: 'unreadable' };

const head = /^(\d{1,10})@(\d{1,12})\.(\d{6}):([a-z][a-z0-9_]{0,79})(?: |$)/;

type Read = (fields: string) => QemuTraceFact | undefined | 'other';

/** @returns a reader: the fields that `pattern` finds, made a fact; undefined where it finds nothing. */
function fields(pattern: RegExp, fact: (f: string[]) => QemuTraceFact | 'other'): Read {
  return (text) => {
    const m = pattern.exec(text);
    return m ? fact(m) : undefined;
  };
}

const raise =
  (name: (f: string[]) => string, deferred = false) =>
  (f: string[]): QemuTraceFact => ({ kind: 'raise', source: name(f), deferred });

const queue = /^vdev 0x[0-9a-f]{1,16} vq (0x[0-9a-f]{1,16})$/;

const readers: Record<string, Read> = {
  // igb's core uses e1000e's trace points (hw/net/igb_core.c igb_send_msix).
  e1000e_irq_msix_notify_vec: fields(
    /^MSI-X notify vector 0x([0-9a-f]{1,8})$/,
    raise((f) => `intel-nic MSI-X ${Number.parseInt(f[1]!, 16)}`),
  ),
  e1000e_irq_msix_notify_postponed_vec: fields(
    /^Sending MSI-X postponed by EITR\[(\d{1,5})\]$/,
    raise((f) => `intel-nic MSI-X ${Number(f[1])}`),
  ),
  e1000e_irq_msi_notify: fields(
    /^MSI notify 0x/,
    raise(() => 'intel-nic MSI'),
  ),
  e1000e_irq_msi_notify_postponed: fields(
    /^Sending MSI postponed by ITR$/,
    raise(() => 'intel-nic MSI'),
  ),
  pci_nvme_irq_msix: fields(
    /^raising MSI-X IRQ vector (\d{1,5})$/,
    raise((f) => `nvme MSI-X ${Number(f[1])}`),
  ),
  virtio_notify: fields(
    queue,
    raise((f) => `virtqueue ${f[1]}`),
  ),
  virtio_notify_irqfd: fields(
    queue,
    raise((f) => `virtqueue ${f[1]}`, true),
  ),
  apic_deliver_irq: fields(
    /^dest (\d{1,3}) dest_mode ([01]) delivery_mode (\d) vector (\d{1,3}) trigger_mode ([01])$/,
    (f) => ({
      kind: 'message',
      dest: Number(f[1]),
      logical: f[2] === '1',
      delivery: Number(f[3]),
      vector: Number(f[4]),
      level: f[5] === '1',
    }),
  ),
  apic_local_deliver: fields(/^vector \d/, () => ({ kind: 'local' })),
  kvm_report_irq_delivered: fields(/^coalescing (-?\d{1,10})$/, (f) => ({
    kind: 'latch',
    count: Number(f[1]),
  })),
  kvm_reset_irq_delivered: fields(/^old coalescing -?\d{1,10}$/, () => ({ kind: 'latch-reset' })),
  ioapic_set_irq: fields(/^vector: (\d{1,3}) level: ([01])$/, (f) => ({
    kind: 'pin',
    // ISA irq 0 is wired to pin 2 (hw/intc/ioapic.c ioapic_set_irq).
    pin: Number(f[1]) === 0 ? 2 : Number(f[1]),
    high: f[2] === '1',
  })),
  ioapic_set_remote_irr: fields(/^set remote irr for pin (\d{1,3})$/, (f) => ({
    kind: 'remote-irr',
    pin: Number(f[1]),
    set: true,
  })),
  ioapic_clear_remote_irr: fields(/^clear remote irr for pin (\d{1,3}) vector \d{1,3}$/, (f) => ({
    kind: 'remote-irr',
    pin: Number(f[1]),
    set: false,
  })),
  msix_write_config: fields(/^dev (.{1,80}) enabled ([01]) masked ([01])$/, (f) => ({
    kind: 'msix-control',
    device: f[1]!,
    enabled: f[2] === '1',
    masked: f[3] === '1',
  })),
  pci_cfg_write: fields(
    /^\S{1,80} ([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) @0x([0-9a-f]{1,8}) <- 0x([0-9a-f]{1,8})$/,
    (f) => ({ kind: 'config', bdf: f[1]!, offset: hex(f[2]), value: hex(f[3]) }),
  ),
  runstate_set: fields(
    /^current_run_state \d{1,2} \([a-z-]{1,20}\) new_state \d{1,2} \(([a-z-]{1,20})\)$/,
    (f) => ({
      kind: 'run-state',
      running: f[1] === 'running',
    }),
  ),
  memory_region_ops_write: fields(
    /^cpu (-?\d{1,5}) mr 0x[0-9a-f]{1,16} addr 0x([0-9a-f]{1,13}) value 0x([0-9a-f]{1,16}) size \d{1,2} name '([^']{0,80})'$/,
    (f) => registerWrite(Number(f[1]), hex(f[2]), hex(f[3]), f[4]!),
  ),
};

/** The regions through which an IOMMU takes interrupt messages (hw/i386/intel_iommu.c, amd_iommu.c). */
const remappers = ['vtd-ir', 'amdvi-ir'];
const apicBase = 0xfee00000;
const eoiRegister = 0xb0;
/** Interrupt command register, low word: a write to it sends. */
const commandRegister = 0x300;

function registerWrite(cpu: number, address: number, value: number, region: string): QemuTraceFact | 'other' {
  if (region === 'msix-table') return { kind: 'table', cpu, address, value };
  // hw/intc/ioapic.c ioapic_mem_write: one register selects, the other is the window.
  if (region === 'ioapic')
    return { kind: 'ioapic', cpu, register: (address & 0xff) === 0 ? 'select' : 'window', value };
  if (remappers.includes(region)) return { kind: 'sent', address, data: value };
  if (region !== 'apic-msi') return 'other';
  const offset = address - apicBase;
  // MSI and the APIC's registers share the region; hw/intc/apic.c apic_mem_write tells them apart like this.
  if (offset > 0xfff || (offset >> 4) % 256 === 0) return { kind: 'sent', address, data: value };
  if (offset === commandRegister) return { kind: 'ipi', cpu, vector: value % 256 };
  return offset === eoiRegister ? { kind: 'eoi', cpu } : 'other';
}

function hex(text: string | undefined): number {
  return Number.parseInt(text ?? '', 16);
}

/** Never throws; linear in the line's length. */
export function readQemuTraceLine(text: string): QemuTraceLine {
  const m = head.exec(text);
  if (!m) return { type: 'unreadable' };
  const name = m[4]!;
  const read = Object.hasOwn(readers, name) ? readers[name]! : undefined;
  if (!read) return { type: 'other' };
  const end = text.endsWith('\r') ? text.length - 1 : text.length;
  const fact = read(text.slice(m[0].length, end));
  if (fact === undefined) return { type: 'unreadable' };
  if (fact === 'other') return { type: 'other' };
  const time = Number(m[2]) + Number(m[3]) / 1e6;
  return { type: 'event', event: { ...fact, thread: Number(m[1]), time } };
}
