/** The redirection table of the IO-APIC: which pins are masked, and who masked them (82093AA datasheet §3.2.4). */
import type { MaskWrite } from './msix-table.ts';

/** Index of pin 0's low half; the high half follows it. */
const firstEntry = 0x10;
const maskBit = 1 << 16;

export class PinTable {
  #selected = 0;
  readonly #masks = new Map<number, MaskWrite[]>();

  select(register: number): void {
    this.#selected = register;
  }

  /** A write to the register that is selected. */
  write({ value, cpu, line, time }: { value: number; cpu: number; line: number; time: number }): void {
    const index = this.#selected - firstEntry;
    if (index < 0 || index % 2 === 1) return;
    const pin = index / 2;
    const write = { line, time, cpu, masked: (value & maskBit) !== 0 };
    const list = this.#masks.get(pin);
    if (list) list.push(write);
    else this.#masks.set(pin, [write]);
  }

  /** Writes of the mask bit of a pin, in order. */
  masksOf(pin: number): readonly MaskWrite[] {
    return this.#masks.get(pin) ?? [];
  }
}
