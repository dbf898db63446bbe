/** A machine of our own: each CPU a list of operations, some at the entry of a point; they take turns. */
import type { SteeredCpus } from '../../src/hunt/drive.ts';

export interface Operation {
  /** The address that it is at; only those of points matter. */
  at?: bigint;
  /** What it does. `wait`: it is not ready, the CPU idles and its timer ticks. */
  do?: () => 'wait' | undefined;
  /** It stands in `hlt` there, with an interrupt that waits for it. */
  idles?: boolean;
}

interface MadeCpu {
  name: string;
  operations: Operation[];
  at: number;
  ticking: boolean;
  /** It has come to its end, and entered the idle loop. */
  halted: boolean;
}

export const tickAddress = 0x71cn;
export const idleAddress = 0x1d1en;
export const contendedAddress = 0x10c4n;

/** Each runs `slice` operations, then the next does: as QEMU's one thread does with its CPUs. */
export class MadeCpus implements SteeredCpus {
  readonly #cpus: MadeCpu[];
  readonly #slice: number;
  readonly #breakpoints = new Set<bigint>();
  readonly #ended: () => void;
  #turn = 0;
  #left: number;

  constructor(programs: readonly Operation[][], ended: () => void, slice = 4) {
    this.#cpus = programs.map((operations, i) => ({
      name: `p1.${i + 1}`,
      operations,
      at: 0,
      ticking: false,
      halted: false,
    }));
    this.#ended = ended;
    this.#slice = slice;
    this.#left = slice;
  }

  async *threads() {
    for (const { name } of this.#cpus) yield name;
  }

  async instructionPointer(thread: string) {
    return this.#address(this.#cpu(thread));
  }

  async halted(cpu: number) {
    const { operations, at } = this.#cpus[cpu]!;
    return operations[at]?.idles === true;
  }

  async waitsFor(cpu: number) {
    const { halted } = this.#cpus[cpu]!;
    return { pending: !halted, ...(halted ? {} : { timerNs: 1 }) };
  }

  async setBreakpoint(address: bigint) {
    if (this.#breakpoints.has(address)) throw new Error('a breakpoint twice');
    this.#breakpoints.add(address);
  }

  async clearBreakpoint(address: bigint) {
    if (!this.#breakpoints.delete(address)) throw new Error('no such breakpoint');
  }

  async leave(thread: string) {
    this.#execute(this.#cpu(thread));
  }

  async run(threads: readonly string[], until: AbortSignal) {
    for (let quiet = 0; !until.aborted; quiet += 1) {
      const runnable = this.#cpus.filter(
        ({ name, halted }) => (threads.length === 0 || threads.includes(name)) && !halted,
      );
      if (this.#cpus.every(({ at, operations }) => at === operations.length)) this.#ended();
      if (until.aborted) break;
      // Nobody can go on: the harness's patience is what ends it.
      if (runnable.length === 0 || quiet > 10_000) {
        await new Promise((done) => until.addEventListener('abort', done, { once: true }));
        break;
      }
      const cpu = runnable[this.#turn % runnable.length]!;
      if (this.#breakpoints.has(this.#address(cpu))) return { thread: cpu.name, why: 'trap' as const };
      this.#execute(cpu);
      this.#left -= 1;
      if (this.#left === 0) {
        this.#left = this.#slice;
        this.#turn += 1;
      }
    }
    return { why: 'asked' as const };
  }

  #execute(cpu: MadeCpu): void {
    if (cpu.ticking) {
      cpu.ticking = false;
      return;
    }
    if (cpu.at === cpu.operations.length) cpu.halted = true;
    else if (cpu.operations[cpu.at]!.do?.() === 'wait') cpu.ticking = true;
    else cpu.at += 1;
  }

  #address(cpu: MadeCpu): bigint {
    if (cpu.ticking) return tickAddress;
    return cpu.at === cpu.operations.length ? idleAddress : (cpu.operations[cpu.at]!.at ?? 0n);
  }

  #cpu(thread: string): MadeCpu {
    return this.#cpus.find(({ name }) => name === thread)!;
  }
}
