/** One slot of one CPU's `vector_irq[]`, read as often as asked (arch/x86/include/asm/hw_irq.h). */
import type { KernelMemory } from './kernel-memory.ts';
import type { VectorLayout } from './layout.ts';
import { u64 } from './page-tables.ts';

export interface SlotValue {
  holds: 'unused' | 'shutdown' | 'retriggered' | 'descriptor';
  pointer: bigint;
}

const marks = new Map<bigint, SlotValue['holds']>([
  [0n, 'unused'],
  [2n ** 64n - 1n, 'shutdown'],
  [2n ** 64n - 2n, 'retriggered'],
]);

export class SlotReader {
  readonly #memory: KernelMemory;
  readonly #symbols: VectorLayout['symbols'];
  readonly #place: { cpu: number; vector: number };

  constructor(
    memory: KernelMemory,
    symbols: VectorLayout['symbols'],
    place: { cpu: number; vector: number },
  ) {
    this.#memory = memory;
    this.#symbols = symbols;
    this.#place = place;
  }

  async read(): Promise<SlotValue> {
    const { cpu, vector } = this.#place;
    const { __per_cpu_offset, vector_irq } = this.#symbols;
    const [offset] = await this.#memory.read([{ address: __per_cpu_offset + BigInt(8 * cpu), length: 8 }]);
    // per_cpu(): modulo 2^64.
    const address = BigInt.asUintN(64, u64(offset!) + vector_irq + BigInt(8 * vector));
    const [bytes] = await this.#memory.read([{ address, length: 8 }]);
    const pointer = u64(bytes!);
    return { holds: marks.get(pointer) ?? 'descriptor', pointer };
  }
}
