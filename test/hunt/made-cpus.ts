/** A machine of our own: each CPU a list of operations, some at the entry of a point; they take turns. */
import type { SteeredCpus, SteeredStop } from '../../src/hunt/drive.ts';

export interface Operation {
  /** The address that it is at; only those of points matter. */
  at?: bigint;
  /** What it does. `wait`: it is not ready, and is tried again, as by a CPU that spins. */
  do?: () => 'wait' | undefined;
  /** It stands in `hlt` there, with an interrupt that waits for it. */
  idles?: boolean;
}

interface MadeCpu {
  name: string;
  operations: Operation[];
  at: number;
  /** It has come to its end, and entered the idle loop. */
  halted: boolean;
}

export const boundsAddress = 0xb04d5n;
export const idleAddress = 0x1d1en;
export const contendedAddress = 0x10c4n;

/** Of the machine's time, which an operation takes, or a wait. */
const operationNs = 100_000;

export class MadeCpus implements SteeredCpus {
  readonly #cpus: MadeCpu[];
  readonly #breakpoints = new Set<bigint>();
  readonly #ended: () => void;

  constructor(programs: readonly Operation[][], ended: () => void) {
    this.#cpus = programs.map((operations, i) => ({
      name: `p1.${i + 1}`,
      operations,
      at: 0,
      halted: false,
    }));
    this.#ended = ended;
  }

  async *threads() {
    for (const { name } of this.#cpus) yield name;
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

  async leave(thread: string) {
    this.#execute(this.#cpu(thread));
  }

  async run(thread: string, forNs: number, until: AbortSignal): Promise<SteeredStop> {
    const cpu = this.#cpu(thread);
    for (let ns = 0; !until.aborted && ns < forNs; ns += operationNs) {
      if (this.#cpus.every(({ at, operations }) => at === operations.length)) this.#ended();
      const at = this.#address(cpu);
      if (this.#breakpoints.has(at) && !cpu.halted) return { at, ns };
      this.#execute(cpu);
    }
    return { ns: forNs };
  }

  #execute(cpu: MadeCpu): void {
    if (cpu.at === cpu.operations.length) cpu.halted = true;
    else if (cpu.operations[cpu.at]!.do?.() !== 'wait') cpu.at += 1;
  }

  #address(cpu: MadeCpu): bigint {
    return cpu.at === cpu.operations.length ? idleAddress : (cpu.operations[cpu.at]!.at ?? 0n);
  }

  #cpu(thread: string): MadeCpu {
    return this.#cpus.find(({ name }) => name === thread)!;
  }
}
