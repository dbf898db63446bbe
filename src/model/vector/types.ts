/** What the model of the vector matrix speaks of. Source: kernel/irq/matrix.c, include/trace/events/irq_matrix.h. */
import type { Cells } from './cells.ts';
import type { CpuSet } from './cpuset.ts';
import type { VectorRule } from './rules.ts';

/** The four totals that every event shows, after its update. */
export interface Totals {
  onlineMaps: number;
  globalAvailable: number;
  globalReserved: number;
  totalAllocated: number;
}

export type GlobalKind = 'online' | 'offline' | 'reserve' | 'remove_reserved';
export type CpuKind =
  | 'reserve_managed'
  | 'remove_managed'
  | 'alloc_managed'
  | 'assign'
  | 'alloc'
  | 'free'
  | 'alloc_reserved';

export interface CpuEvent extends Totals {
  kind: CpuKind;
  executing: number | undefined;
  bit: number;
  cpu: number;
  online: boolean;
  available: number;
  allocated: number;
  managed: number;
}

export type Event =
  /** `executing`: the CPU that ran the tracepoint; for online and offline, the one that they are about. */
  | (Totals & { kind: GlobalKind; executing: number | undefined })
  | (Totals & { kind: 'assign_system'; executing: number | undefined; bit: number })
  | CpuEvent
  /** Events are missing here. */
  | { kind: 'lost' };

/** One CPU's `struct cpumap`. Undefined: not known. */
export interface CpuState {
  cells: Cells;
  /** Every bit of `cells` is known. */
  exact: boolean;
  online: boolean | undefined;
  /** It was online once. */
  initialized: boolean | undefined;
  available: number | undefined;
  allocated: number | undefined;
  /** Bits of managed_map. */
  managed: number | undefined;
  /** `managed_allocated`: managed interrupts that run. No event shows it. */
  running: number | undefined;
  /** available + managed + allocated − running, which no operation changes while the CPU is online (MX1). */
  capacity: number | undefined;
}

type Known<T> = { [K in keyof T]: T[K] | undefined };

export interface MatrixState extends Known<Totals> {
  /** Nothing was missed since the matrix was made. */
  sinceBoot: boolean;
  /** `alloc_size − systembits_inalloc`. */
  capacity: number | undefined;
  /** The map of a CPU that no event was about. */
  blank: Cells;
  /** By CPU number; a hole is a CPU that no event was about. */
  cpus: readonly (CpuState | undefined)[];
  /** MX2 was checked since something was last unknown. */
  settled: boolean;
  /** Why what is not known is not known. */
  unknown: Unknown | undefined;
}

/** The trace begins in the middle or lost events; or a CPU died and nobody saw what it did. */
export type Unknown = 'not-seen' | 'cpu-died-unseen';

/** What is known of an event from elsewhere: the interrupt that it is for, a probe, the kernel. Undefined: not. */
export interface Hints {
  /** The CPUs that an allocation chooses from. */
  mask?: CpuSet | undefined;
  /** `alloc`: it uses up a reservation. */
  reserved?: boolean | undefined;
  /** `free`: it was a managed interrupt. */
  managed?: boolean | undefined;
  /** A managed allocation takes the first CPU of its mask, not the one where the least run. */
  managedTakesFirst?: boolean | undefined;
  /** `alloc_end`. */
  allocEnd?: number | undefined;
}

/** One field of an event that the model does not allow. */
export interface Departure {
  rule: VectorRule;
  /** As the kernel prints it: `avl`, `bit`, `global_rsvd`. */
  field: string;
  got: number;
  /** What the model allowed, in words. */
  allowed: string;
}

export interface Verdict {
  /** Empty: the kernel can have produced the event. */
  departures: readonly Departure[];
  /** Every counter had one allowed value. */
  counters: boolean;
  /** Of an operation that takes a bit: it had one allowed value. Undefined: nothing is chosen. */
  bit: boolean | undefined;
  /** Of an operation that chooses a CPU: it had one allowed value. */
  cpu: boolean | undefined;
  /** `alloc` whose mask is not known: it took the best of all online CPUs. */
  bestOfOnline?: boolean | undefined;
  /** CPUs that must have gone offline, unseen, right before. */
  diedUnseen: number;
}

export interface Step {
  state: MatrixState;
  verdict: Verdict;
}
