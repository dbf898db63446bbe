/** What a gdb stub tells of CPUs that stand still, and why they do. */

export interface MemoryRange {
  /** Physical. */
  address: number;
  length: number;
}

/** What can be asked while all CPUs stand still. */
export interface StoppedCpus {
  /** In the order asked, each as long as asked. Where there is no memory, zeros. */
  readPhysical(ranges: readonly MemoryRange[]): Promise<Uint8Array[]>;
  /** The stub's names of the CPUs, `p01.01`, one after the other: each costs a question. */
  threads(): AsyncIterable<string>;
  /** A CPU's registers by their names in the target description: `rip`, `cr3`. Those above 64 bits are left out. */
  registers(thread: string): Promise<Map<string, bigint>>;
}

/** Why a machine that ran stands still again. */
export interface Stop {
  /** The CPU that came to a breakpoint or has done its step; absent where nothing in the machine was the reason. */
  thread?: string;
  /** `trap`: a breakpoint, or a step. `asked`: the signal of {@link HeldCpus.run} asked for it, or a QMP `stop`. */
  why: 'trap' | 'asked';
}
