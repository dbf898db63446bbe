/** The MSI-X tables of all functions, by the physical address of each 16-byte entry (PCI 3.0 §6.8.2). */

interface Entry {
  low: number;
  high: number;
  data: number;
  masked: boolean;
}

/** A write of an entry's mask bit. */
export interface MaskWrite {
  line: number;
  time: number;
  /** Who wrote it. */
  cpu: number;
  masked: boolean;
}

interface TableWrite {
  address: number;
  value: number;
  cpu: number;
  line: number;
  time: number;
}

export class MsixTable {
  readonly #entries = new Map<number, Entry>();
  /** Entries that hold a message now; unused ones may hold the same. */
  readonly #byMessage = new Map<string, Set<number>>();
  readonly #masks = new Map<number, MaskWrite[]>();
  readonly #rewrites = new Map<number, { line: number; time: number; data: number }[]>();

  write({ address, value, cpu, line, time }: TableWrite): void {
    const at = address - (address % 16);
    // Out of reset every entry is masked.
    const entry = this.#entries.get(at) ?? { low: 0, high: 0, data: 0, masked: true };
    this.#entries.set(at, entry);
    this.#byMessage.get(keyOf(entry))?.delete(at);
    switch (address % 16) {
      case 0:
        entry.low = value;
        break;
      case 4:
        entry.high = value;
        break;
      case 8:
        entry.data = value;
        push(this.#rewrites, at, { line, time, data: value });
        break;
      default:
        entry.masked = value % 2 === 1;
        push(this.#masks, at, { line, time, cpu, masked: entry.masked });
    }
    const holders = this.#byMessage.get(keyOf(entry));
    if (holders) holders.add(at);
    else this.#byMessage.set(keyOf(entry), new Set([at]));
  }

  /** Which unmasked entry holds the message; undefined when none does, or several do. */
  entryOf({ address, data }: { address: number; data: number }): number | undefined {
    const holders = [...(this.#byMessage.get(messageKey(address, data)) ?? [])].filter(
      (at) => !this.#entries.get(at)!.masked,
    );
    return holders.length === 1 ? holders[0] : undefined;
  }

  /** Writes of the mask bit of an entry, in order. */
  masksOf(entry: number): readonly MaskWrite[] {
    return this.#masks.get(entry) ?? [];
  }

  /** Writes of the data word of an entry: whom it interrupts. */
  rewritesOf(entry: number): readonly { line: number; time: number; data: number }[] {
    return this.#rewrites.get(entry) ?? [];
  }
}

function keyOf({ low, high, data }: Entry): string {
  return messageKey(high * 2 ** 32 + low, data);
}

function messageKey(address: number, data: number): string {
  return `${address}/${data}`;
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
