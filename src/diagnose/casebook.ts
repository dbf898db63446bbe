/**
 * What the files of a case hold, in constant memory: of each kind of fact the first ones with their place, and how
 * many there were in all.
 */
import type { LogFact } from '../evidence/log/facts.ts';

/** Where a fact stands: file as the user named it, 1-based line. */
export interface Place {
  file: string;
  line: number;
  /** As recorded, cut. */
  text: string;
}

export type Kind = LogFact['kind'];
export type FactOf<K extends Kind> = Extract<LogFact, { kind: K }>;
export type Seen<K extends Kind = Kind> = FactOf<K> & { at: Place };

/** Facts of one kind that are kept: tables need their rows, a storm of one message needs no more than its beginning. */
const keptOf = (kind: Kind): number =>
  kind === 'interrupt-row' ? 16_384 : kind.startsWith('virtio') || kind === 'pci-function' ? 4096 : 1000;
const longestText = 600;

export class Casebook {
  readonly #seen = new Map<Kind, Seen[]>();
  readonly #counts = new Map<Kind, number>();

  add(fact: LogFact, at: Place): void {
    const { kind } = fact;
    this.#counts.set(kind, this.count(kind) + 1);
    const list = this.#seen.get(kind) ?? [];
    if (list.length === 0) this.#seen.set(kind, list);
    if (list.length >= keptOf(kind)) return;
    // A row of /proc/interrupts has its names at the end.
    const text =
      at.text.length > longestText
        ? `${at.text.slice(0, longestText / 2)} … ${at.text.slice(-longestText / 2)}`
        : at.text;
    list.push({ ...fact, at: { ...at, text } } as Seen);
  }

  /** The kept facts of a kind, in the order of the files. */
  of<K extends Kind>(kind: K): readonly Seen<K>[] {
    return (this.#seen.get(kind) ?? []) as unknown as readonly Seen<K>[];
  }

  count(kind: Kind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Kinds of which not every fact was kept. */
  overfull(): { kind: Kind; kept: number; count: number }[] {
    return [...this.#seen].flatMap(([kind, list]) =>
      list.length < this.count(kind) ? [{ kind, kept: list.length, count: this.count(kind) }] : [],
    );
  }
}
