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
  readonly #kinds = new Map<Kind, { kept: Seen[]; most: number; count: number }>();

  /** @param place asked only for what is kept */
  add(fact: LogFact, place: () => Place): void {
    const { kind } = fact;
    let entry = this.#kinds.get(kind);
    if (!entry) {
      entry = { kept: [], most: keptOf(kind), count: 0 };
      this.#kinds.set(kind, entry);
    }
    entry.count += 1;
    if (entry.kept.length >= entry.most) return;
    const at = place();
    // A row of /proc/interrupts has its names at the end.
    const text =
      at.text.length > longestText
        ? `${at.text.slice(0, longestText / 2)} … ${at.text.slice(-longestText / 2)}`
        : at.text;
    entry.kept.push({ ...fact, at: { ...at, text } } as Seen);
  }

  /** The kept facts of a kind, in the order of the files. */
  of<K extends Kind>(kind: K): readonly Seen<K>[] {
    return (this.#kinds.get(kind)?.kept ?? []) as unknown as readonly Seen<K>[];
  }

  count(kind: Kind): number {
    return this.#kinds.get(kind)?.count ?? 0;
  }

  /** Kinds of which not every fact was kept. */
  overfull(): { kind: Kind; kept: number; count: number }[] {
    return [...this.#kinds].flatMap(([kind, { kept, count }]) =>
      kept.length < count ? [{ kind, kept: kept.length, count }] : [],
    );
  }
}
