/** The ledger's pages: one row an irq, and an entry for each interrupt that was not simply handled. */
import type { LedgerClock } from './clock.ts';
import type { DeviceSide, Message } from './device.ts';
import { type Explanation, ownerAt } from './explain.ts';
import { type HeldBy, heldBy } from './held.ts';
import type { KernelSide, Round } from './kernel.ts';
import type { Latch } from './match.ts';
import { type Outcome, outcomes, type Slot, slotCpu, slotVector } from './types.ts';

/** What was not simply handled, each with its excuse or without. */
export interface Entry extends Explanation {
  /** Line of the message in QEMU's trace. */
  line: number;
  /** QEMU's clock. */
  time: number;
  slot?: Slot;
  source?: string;
}

export interface Row {
  /** Absent for a vector that no irq owned. */
  irq?: number;
  name: string;
  slots: Set<Slot>;
  raised: number;
  held: number;
  sent: number;
  counts: Record<Outcome, number>;
  /** Rounds that no message in the ledger asked for. */
  unprompted: number;
  /** Longest way from a message to its handler, seconds. */
  slowest: number;
}

export interface Balance {
  rows: Row[];
  entries: Entry[];
  /** Raises held back at the end, by source: no message left since. */
  pending: (HeldBy & { source: string; line: number; raises: number })[];
  totals: Omit<Row, 'irq' | 'name' | 'slots' | 'slowest'>;
  /** Raises through eventfds: not followed. */
  deferred: number;
}

export class Book {
  readonly #rows = new Map<string, Row>();
  readonly #entries: Entry[] = [];
  readonly #sources = new Map<string, { row: Row; entry: number | undefined; time: number }>();
  readonly #kernel: KernelSide;

  constructor(kernel: KernelSide) {
    this.#kernel = kernel;
  }

  handled({ message, at }: Latch, slot: Slot, round: Round): void {
    const row = this.#row(round.irq, slot);
    this.#sent(row, message);
    row.counts.handled += 1;
    row.slowest = Math.max(row.slowest, round.time - at.high);
  }

  /** A message whose bit was set already, or of which that is not known. */
  notFresh(message: Message, slot: Slot, clock: LedgerClock): void {
    const row = this.#row(ownerAt(this.#kernel, slot, clock.toGuest(message.time))?.irq, slot);
    this.#sent(row, message);
    row.counts[message.taken[0] === 'merged' ? 'coalesced' : 'unknown'] += 1;
  }

  unhandled({ message }: Latch, slot: Slot, explanation: Explanation): void {
    const row = this.#row(explanation.irq, slot);
    this.#sent(row, message);
    row.counts[explanation.outcome] += 1;
    const { line, time, source } = message;
    this.#entries.push({
      ...explanation,
      line,
      time,
      slot,
      ...(source === undefined ? {} : { source }),
    });
  }

  /** A message that no single known APIC took. */
  astray(message: Message, irq: number | undefined, cpusKnown: boolean): void {
    const row = this.#row(irq, undefined);
    this.#sent(row, message);
    const { outcome, why } = whereItWent(message, cpusKnown);
    row.counts[outcome] += 1;
    const { line, time, source } = message;
    const whose = irq === undefined ? {} : { irq };
    this.#entries.push({
      ...{ outcome, why, evidence: [], line, time, ...whose },
      ...(source === undefined ? {} : { source }),
    });
  }

  unprompted(round: Round): void {
    this.#row(round.irq, round.slot).unprompted += 1;
  }

  held(device: DeviceSide, inTime: (event: { time: number }) => boolean): Balance['pending'] {
    const entries = new Map<string, number>();
    for (const [source, { entry }] of this.#sources) if (entry !== undefined) entries.set(source, entry);
    const pending = new Map<string, Balance['pending'][number]>();
    for (const held of device.held.filter(inTime)) {
      const known = this.#sources.get(held.source);
      const row = known?.row ?? this.#row(undefined, undefined, held.source);
      row.raised += 1;
      row.held += 1;
      if (known && known.time > held.time) continue;
      const before = pending.get(held.source);
      if (before) before.raises += 1;
      else
        pending.set(held.source, {
          source: held.source,
          line: held.line,
          raises: 1,
          ...heldBy(held, device, entries),
        });
    }
    return [...pending.values()];
  }

  close(): { rows: Row[]; entries: Entry[]; totals: Balance['totals'] } {
    const rows = [...this.#rows.values()].sort((a, b) => (a.irq ?? 1e9) - (b.irq ?? 1e9));
    const totals = { raised: 0, held: 0, sent: 0, counts: noCounts(), unprompted: 0 };
    for (const row of rows) {
      for (const key of ['raised', 'held', 'sent', 'unprompted'] as const) totals[key] += row[key];
      for (const outcome of outcomes) totals.counts[outcome] += row.counts[outcome];
    }
    return { rows, entries: this.#entries.sort((a, b) => a.line - b.line), totals };
  }

  #sent(row: Row, { source, entry, time }: Message): void {
    row.sent += 1;
    if (source === undefined) return;
    row.raised += 1;
    this.#sources.set(source, { row, entry, time });
  }

  #row(irq: number | undefined, slot: Slot | undefined, name?: string): Row {
    const label =
      name ??
      (slot === undefined ? 'no known CPU' : `vector ${slotVector(slot)} of CPU ${slotCpu(slot)}, no irq`);
    const key = irq === undefined ? label : `irq ${irq}`;
    let row = this.#rows.get(key);
    if (!row) {
      const names = irq === undefined ? label : [...(this.#kernel.names.get(irq) ?? [])].join(', ');
      row = {
        ...(irq === undefined ? {} : { irq }),
        name: names,
        slots: new Set(),
        raised: 0,
        held: 0,
        sent: 0,
        counts: noCounts(),
        unprompted: 0,
        slowest: 0,
      };
      this.#rows.set(key, row);
    }
    if (slot !== undefined) row.slots.add(slot);
    return row;
  }
}

function whereItWent(
  { dest, logical, taken }: Message,
  cpusKnown: boolean,
): { outcome: Outcome; why: string } {
  if (dest === undefined) return { outcome: 'lost', why: 'the IOMMU let no message through' };
  if (taken.length === 0) return { outcome: 'lost', why: `no local APIC answers to destination ${dest}` };
  if (taken.length > 1) return { outcome: 'unknown', why: `${taken.length} local APICs took it` };
  return {
    outcome: 'unknown',
    why: cpusKnown
      ? `no vector_config names a CPU with the ${logical ? 'logical' : 'physical'} destination ${dest}`
      : 'the kernel’s trace holds no vector_config: no destination is known',
  };
}

function noCounts(): Record<Outcome, number> {
  return Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
}
