/** What an operation does to the counters. Source: kernel/irq/matrix.c, the functions irq_matrix_<operation>. */
import type { CpuEvent, CpuKind, Departure, MatrixState, Totals } from './types.ts';

/** Changes of the counters by one operation on a CPU that is online or not. */
export interface Delta {
  available: number;
  allocated: number;
  managed: number;
  running: number;
  globalAvailable: number;
  totalAllocated: number;
}

/** @param running of `free`: the interrupt was a managed one. */
export function deltaOf(kind: CpuKind, online: boolean, running: boolean): Delta {
  const none = { available: 0, allocated: 0, managed: 0, running: 0, globalAvailable: 0, totalAllocated: 0 };
  const one = online ? 1 : 0;
  switch (kind) {
    case 'reserve_managed':
      return { ...none, managed: 1, available: -one, globalAvailable: -one };
    case 'remove_managed':
      return { ...none, managed: -1, available: one, globalAvailable: one };
    case 'alloc_managed':
      return { ...none, allocated: 1, running: 1, totalAllocated: 1 };
    case 'assign':
    case 'alloc':
    case 'alloc_reserved':
      return { ...none, allocated: 1, available: -1, globalAvailable: -1, totalAllocated: 1 };
    case 'free': {
      const freed = running ? 0 : 1;
      return {
        available: freed,
        allocated: -1,
        managed: 0,
        running: running ? -1 : 0,
        globalAvailable: online ? freed : 0,
        totalAllocated: -one,
      };
    }
  }
}

/** By which rule each counter is what it is, and how the kernel prints its name. */
const fields = {
  onlineMaps: ['online_maps', 'MX5'],
  globalAvailable: ['global_avl', 'MX2'],
  globalReserved: ['global_rsvd', 'MX4'],
  totalAllocated: ['total_alloc', 'MX3'],
  available: ['avl', 'MX1'],
  allocated: ['alloc', 'MX1'],
  managed: ['managed', 'MX1'],
} as const;
export type Counter = keyof typeof fields;

/** Compares counters with what the model allows and remembers what departs. */
export class Comparison {
  readonly departures: Departure[] = [];
  /** Every counter compared so far had one allowed value. */
  determined = true;

  /** @param before undefined: not known, so that every value is allowed. */
  counter(name: Counter, got: number, before: number | undefined, change: number, other = change): void {
    if (before === undefined) {
      this.determined = false;
      return;
    }
    const [field, rule] = fields[name];
    if (other !== change) this.determined = false;
    if (got === before + change || got === before + other) return;
    const allowed = other === change ? `${before + change}` : `${before + other} or ${before + change}`;
    this.departures.push({ rule, field, got, allowed });
  }

  totals(event: Totals, before: MatrixState, change: Partial<Totals>, otherReserved?: number): void {
    this.counter('onlineMaps', event.onlineMaps, before.onlineMaps, change.onlineMaps ?? 0);
    this.counter(
      'globalAvailable',
      event.globalAvailable,
      before.globalAvailable,
      change.globalAvailable ?? 0,
    );
    const reserved = change.globalReserved ?? 0;
    this.counter('globalReserved', event.globalReserved, before.globalReserved, reserved, otherReserved);
    this.counter('totalAllocated', event.totalAllocated, before.totalAllocated, change.totalAllocated ?? 0);
  }

  add(departure: Departure): void {
    this.departures.push(departure);
  }
}

/** The kernel counts in unsigned int and prints `%u`: none of these can be below zero or above its own parts. */
export function absurd(event: CpuEvent): Departure | undefined {
  const { available, allocated, managed, bit, cpu } = event;
  if (cpu > 8191) return { rule: 'MX6', field: 'cpu', got: cpu, allowed: '0 to 8191 (NR_CPUS)' };
  if (available > 256) return { rule: 'MX1', field: 'avl', got: available, allowed: 'at most 256' };
  if (allocated > 256) return { rule: 'MX1', field: 'alloc', got: allocated, allowed: 'at most 256' };
  if (managed > 256) return { rule: 'MX1', field: 'managed', got: managed, allowed: 'at most 256' };
  if (bit >= 32 && bit < 256) return undefined;
  return { rule: 'MX6', field: 'bit', got: bit, allowed: '32 to 255' };
}
