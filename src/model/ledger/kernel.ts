/**
 * The kernel's side of the ledger, from its trace: which irq owned which vector of which CPU and when, and the rounds of
 * its handlers. Sources: kernel/irq/handle.c __handle_irq_event_percpu (one entry and exit for each action of the irq),
 * arch/x86/kernel/apic/vector.c (a moved irq keeps its old vector until free_moved_vector).
 */
import { type KernelEvent, type Slot, slotOf, slotVector } from './types.ts';

/** Once through all handlers of an irq: what one accepted interrupt comes to. */
export interface Round {
  line: number;
  time: number;
  end: number;
  irq: number;
  cpu: number;
  /** The vector that the irq had on this CPU; undefined when it had none here. */
  slot: Slot | undefined;
  /** Some handler said that the interrupt was its device's. */
  claimed: boolean;
}

/** An irq owned a vector from `from` to `to`. */
export interface Tenure {
  irq: number;
  slot: Slot;
  line: number;
  from: number;
  to: number;
  ended?: 'freed' | 'moved';
  endLine?: number;
}

const noVector = 239;

interface Open {
  round: Round;
  names: Set<string>;
  running: boolean;
}

export class KernelSide {
  readonly rounds: Round[] = [];
  readonly #tenures = new Map<Slot, Tenure[]>();
  /** Names of an irq's handlers, in the order in which they were seen first. */
  readonly names = new Map<number, Set<string>>();
  /** CPU → low 8 bits of the destination that messages to it carry. */
  readonly targets = new Map<number, number>();
  /**
   * Messages of this kernel name CPUs by a mask of logical ids (flat: arch/x86/kernel/apic/apic.c init_apic_ldr()), not by
   * APIC ids. Undefined as long as no message to CPU 0 was configured: its APIC id is 0, its logical id 1.
   */
  isLogical: boolean | undefined;
  /** When a CPU was last seen with interrupts on. */
  readonly lastOn = new Map<number, number>();
  #booted = false;
  #lost = false;
  readonly #current = new Map<number, Tenure>();
  readonly #moved = new Map<number, Tenure>();
  readonly #open = new Map<number, Open>();

  /** @param interruptsOn the line was recorded with interrupts on. */
  take(event: KernelEvent, interruptsOn: boolean): void {
    if (interruptsOn) this.lastOn.set(event.cpu, event.time);
    switch (event.kind) {
      case 'entry':
        this.#entry(event);
        return;
      case 'exit':
        this.#exit(event);
        return;
      case 'config':
        this.targets.set(event.target, event.apicdest % 256);
        if (event.target === 0) this.isLogical = event.apicdest !== 0;
        if (event.vector !== noVector) this.#own(event);
        return;
      case 'clear':
        this.#end(this.#current, event, 'freed');
        this.#end(this.#moved, event, 'freed');
        return;
      case 'free-moved':
        this.#end(this.#moved, event, 'moved');
        return;
      case 'boot':
        this.#booted = true;
        return;
      case 'lost':
        this.#lost = true;
        this.#open.delete(event.cpu);
        return;
      case 'other':
        // Between two handlers of one round the kernel does nothing else.
        if (!this.#open.get(event.cpu)?.running) this.#open.delete(event.cpu);
    }
  }

  /** Feature `edgeWaitsForHandler`. */
  edgeWaits = false;

  /** Why this kernel is not accused of anything; undefined: it may be. */
  doubt: string | undefined;

  /** The trace goes back to the boot and lost nothing: who owned which vector is known. */
  get isWhole(): boolean {
    return this.#booted && !this.#lost;
  }

  /** Who owned a vector, in order. */
  tenuresOf(slot: Slot): readonly Tenure[] {
    return this.#tenures.get(slot) ?? [];
  }

  /** The irq owned some vector then. */
  isOwnedAt(irq: number, at: { low: number; high: number }): boolean {
    for (const tenures of this.#tenures.values())
      if (tenures.some((tenure) => tenure.irq === irq && tenure.from <= at.high && tenure.to >= at.low))
        return true;
    return false;
  }

  /** The vectors that an irq had between two moments. */
  vectorsOf(irq: number, from: number, to: number): number[] {
    return [...this.#tenures].flatMap(([slot, tenures]) =>
      tenures.some((tenure) => tenure.irq === irq && tenure.from <= to && tenure.to >= from)
        ? [slotVector(slot)]
        : [],
    );
  }

  /** The first tenure of an irq that began after a moment. */
  ownedNext(irq: number, after: number): Tenure | undefined {
    let next: Tenure | undefined;
    for (const tenures of this.#tenures.values())
      for (const tenure of tenures)
        if (tenure.irq === irq && tenure.from > after && (!next || tenure.from < next.from)) next = tenure;
    return next;
  }

  #own({ irq, vector, target, time, line }: KernelEvent & { kind: 'config' }): void {
    const slot = slotOf(target, vector);
    const current = this.#current.get(irq);
    if (current?.slot === slot) return;
    if (current) this.#moved.set(irq, current);
    const tenure: Tenure = { irq, slot, line, from: time, to: Number.POSITIVE_INFINITY };
    this.#current.set(irq, tenure);
    const tenures = this.#tenures.get(slot);
    if (tenures) tenures.push(tenure);
    else this.#tenures.set(slot, [tenure]);
  }

  #end(
    map: Map<number, Tenure>,
    { irq, time, line }: { irq: number; time: number; line: number },
    how: 'freed' | 'moved',
  ): void {
    const tenure = map.get(irq);
    if (!tenure) return;
    Object.assign(tenure, { to: time, ended: how, endLine: line });
    map.delete(irq);
  }

  #entry({ irq, cpu, name, time, line }: KernelEvent & { kind: 'entry' }): void {
    const names = this.names.get(irq);
    if (names) names.add(name);
    else this.names.set(irq, new Set([name]));
    const open = this.#open.get(cpu);
    // The actions of a shared irq follow each other at once; a name that comes again begins a new round.
    if (open && !open.running && open.round.irq === irq && !open.names.has(name)) {
      open.names.add(name);
      open.running = true;
      return;
    }
    const slot = [this.#current.get(irq), this.#moved.get(irq)].find(
      (tenure) => tenure && Math.floor(tenure.slot / 256) === cpu,
    )?.slot;
    const round: Round = { line, time, end: time, irq, cpu, slot, claimed: false };
    this.rounds.push(round);
    this.#open.set(cpu, { round, names: new Set([name]), running: true });
  }

  #exit({ irq, cpu, handled, time }: KernelEvent & { kind: 'exit' }): void {
    const open = this.#open.get(cpu);
    if (!open || open.round.irq !== irq) return;
    open.running = false;
    open.round.end = time;
    if (handled) open.round.claimed = true;
  }
}
