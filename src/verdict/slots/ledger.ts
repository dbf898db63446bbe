/**
 * Who holds which slots, by Linux irq, from a trace of `irq_matrix:*` and `irq_vectors:*`. A slot is one bit of one
 * CPU. Source of the event order: arch/x86/kernel/apic/vector.c (reserve_managed_vector, assign_managed_vector,
 * assign_vector_locked, clear_irq_vector, free_moved_vector, x86_vector_free_irqs).
 */
import type { VectorLine } from '../../evidence/ftrace/vectors.ts';

export interface Holding {
  /** Bits of the managed map: one on each possible CPU of its mask, from allocation to teardown. */
  managed: number;
  /** Of those, on CPUs that were online: only they are taken from `global_avl`. */
  managedOnline: number;
  /** It has a vector of its managed bits, so one of them is in use. */
  running: boolean;
  /** Bits that are not managed: one, or two while it moves. */
  ordinary: number;
  /** 1-based lines that gave it what it holds. */
  lines: number[];
}

/** As many lines as a reader looks at. */
const keptLines = 64;

export class SlotLedger {
  readonly #byIrq = new Map<number, Holding>();
  /** Managed bits reserved by the operation that runs on a CPU, its irq not told yet. */
  readonly #pending = new Map<number, { bits: number; online: number; lines: number[] }>();

  /** By irq; irqs that hold nothing are left out. */
  holdings(): Map<number, Holding> {
    const held = [...this.#byIrq].filter(([, h]) => h.managed + h.ordinary > 0 || h.running);
    return new Map(held.map(([irq, h]) => [irq, { ...h, lines: [...h.lines] }]));
  }

  read(read: VectorLine, line: number): void {
    if (read.type === 'matrix') this.#matrix(read.event, line);
    else if (read.type === 'vector') this.#vector(read.event, line);
  }

  #matrix(event: Extract<VectorLine, { type: 'matrix' }>['event'], line: number): void {
    if (event.kind !== 'reserve_managed' || event.executing === undefined) return;
    const pending = this.#pending.get(event.executing) ?? { bits: 0, online: 0, lines: [] };
    pending.bits += 1;
    if (event.online) pending.online += 1;
    if (pending.lines.length < keptLines) pending.lines.push(line);
    this.#pending.set(event.executing, pending);
  }

  #vector(event: Extract<VectorLine, { type: 'vector' }>['event'], line: number): void {
    const { name, executing } = event;
    const { irq, ret } = event.fields as { irq: number; ret?: number };
    if (name === 'reserve_managed') {
      const pending = executing === undefined ? undefined : this.#pending.get(executing);
      if (executing !== undefined) this.#pending.delete(executing);
      // What a refused reservation had taken was given back before this event.
      if (ret !== 0 || !pending) return;
      this.#byIrq.set(irq, {
        managed: pending.bits,
        managedOnline: pending.online,
        running: false,
        ordinary: 0,
        lines: pending.lines,
      });
    } else if (name === 'alloc' && ret === 0) {
      const holding = this.#of(irq);
      holding.ordinary += 1;
      holding.lines = [...holding.lines, line].slice(-keptLines);
    } else if (name === 'alloc_managed' && ret === 0) {
      const holding = this.#of(irq);
      holding.running = true;
      if (holding.lines.length < keptLines) holding.lines.push(line);
    } else if (name === 'free_moved') {
      const holding = this.#of(irq);
      if (holding.ordinary > 1) holding.ordinary -= 1;
    } else if (name === 'clear') {
      const holding = this.#of(irq);
      holding.ordinary = 0;
      holding.running = false;
    } else if (name === 'teardown') this.#byIrq.delete(irq);
  }

  #of(irq: number): Holding {
    let holding = this.#byIrq.get(irq);
    if (!holding) {
      holding = { managed: 0, managedOnline: 0, running: false, ordinary: 0, lines: [] };
      this.#byIrq.set(irq, holding);
    }
    return holding;
  }
}
