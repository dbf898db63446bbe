/** What the ledger is kept of: raises and messages of devices, and what the kernel's handlers did about them. */

/** Of a device or of the IO-APIC, in the order in which QEMU wrote it. `time`: QEMU's clock, seconds. */
export type DeviceEvent = { line: number; time: number; thread: number } & (
  | { kind: 'raise'; source: string; deferred: boolean }
  | { kind: 'sent'; address: number; data: number }
  | { kind: 'message'; dest: number; logical: boolean; delivery: number; vector: number; level: boolean }
  | { kind: 'latch'; count: number }
  | { kind: 'latch-reset' }
  | { kind: 'local' }
  | { kind: 'ipi'; cpu: number; vector: number }
  | { kind: 'eoi'; cpu: number }
  | { kind: 'pin'; pin: number; high: boolean }
  | { kind: 'remote-irr'; pin: number; set: boolean }
  | { kind: 'table'; cpu: number; address: number; value: number }
  | { kind: 'ioapic'; cpu: number; register: 'select' | 'window'; value: number }
  | { kind: 'msix-control'; device: string; enabled: boolean; masked: boolean }
  | { kind: 'config'; bdf: string; offset: number; value: number }
);

/** Of the kernel, in the order of its trace. `time`: the trace's clock, seconds. */
export type KernelEvent = { line: number; time: number; cpu: number } & (
  | { kind: 'entry'; irq: number; name: string }
  | { kind: 'exit'; irq: number; handled: boolean }
  /** `vector_config`: the irq's messages now go to this vector; 239 stands for none. */
  | { kind: 'config'; irq: number; vector: number; target: number; apicdest: number }
  /** `vector_clear`: the irq gave its vector back. */
  | { kind: 'clear'; irq: number }
  /** `vector_free_moved`: the vector that the irq had before its move is given back. */
  | { kind: 'free-moved'; irq: number; vector: number; target: number }
  /** Any other line: the CPU lives, and maybe takes interrupts. */
  | { kind: 'other' }
  /** `irq_matrix_assign_system`: the kernel boots, no irq has a vector yet. */
  | { kind: 'boot' }
  /** Events are missing before here. */
  | { kind: 'lost' }
);

/** A vector of a CPU: `cpu * 256 + vector`. */
export type Slot = number;
export const slotOf = (cpu: number, vector: number): Slot => cpu * 256 + vector;
export const slotCpu = (slot: Slot): number => Math.floor(slot / 256);
export const slotVector = (slot: Slot): number => slot % 256;

/** Seconds of the guest's trace clock: the true value lies in it. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * What became of a message. `unknown` is what nobody can tell, `lost` is an accusation, and all else is as it should
 * be.
 */
export const outcomes = [
  'handled',
  'coalesced',
  'replayed',
  'in-flight',
  'in-progress',
  'disabled',
  'freed',
  'unknown',
  'lost',
] as const;
export type Outcome = (typeof outcomes)[number];
