/** CPUs that are held: each let go by itself. Breakpoints, single steps and writes, through the packets of a stub. */
import type { Stop, StoppedCpus } from './stopped-cpus.ts';

/** What can be done with CPUs that are held. */
export interface HeldCpus extends StoppedCpus {
  /** To memory, or to a device's registers: those see one write of as many bytes, at most 8. */
  writePhysical(address: number, bytes: Uint8Array): Promise<void>;
  /** An instruction pointer and nothing else: one small packet. */
  instructionPointer(thread: string): Promise<bigint>;
  /** The CPU goes on from there. */
  setInstructionPointer(thread: string, address: bigint): Promise<void>;
  /** By virtual address, for all CPUs. It changes no memory (a hardware breakpoint, `Z1`); KVM has four of them. */
  setBreakpoint(address: bigint): Promise<void>;
  clearBreakpoint(address: bigint): Promise<void>;
  /** Lets these CPUs go, all of them if none is named, until one comes to a breakpoint, or `until` aborts. */
  run(threads: readonly string[], until: AbortSignal): Promise<Stop>;
  /** One instruction of one CPU. Interrupts are held off meanwhile (QEMU's `sstep` default). */
  step(thread: string): Promise<Stop>;
}

/** A stub of a machine that stands still, as far as holding takes it. */
export interface StubPort {
  cpus: StoppedCpus;
  /** Sends commands at once; answers in their order. @throws {GdbError} */
  ask(...commands: string[]): Promise<string[]>;
  /** Sends one whose answer has to be `OK`. @throws {GdbError} */
  must(command: string, options?: { always?: boolean }): Promise<void>;
  /** Sends `vCont` with these actions, and waits for the stop that ends it. */
  go(actions: string, until: AbortSignal | undefined): Promise<Stop>;
}

/** Of QEMU's target description (gdb-xml/i386-64bit.xml): sixteen general registers, then this one. */
const rip = 16;

/** Does `work`; all breakpoints are gone afterwards, whatever happens. */
export async function whileHeld<T>(port: StubPort, work: (cpus: HeldCpus) => Promise<T>): Promise<T> {
  const breakpoints = new Set<bigint>();
  const hex = (value: number | bigint) => value.toString(16);
  const held: HeldCpus = {
    ...port.cpus,
    writePhysical: async (address, bytes) => {
      const data = Buffer.from(bytes).toString('hex');
      await Promise.all([
        port.must('Qqemu.PhyMemMode:1'),
        port.must(`M${hex(address)},${hex(bytes.length)}:${data}`),
        port.must('Qqemu.PhyMemMode:0'),
      ]);
    },
    instructionPointer: async (thread) => {
      const [, value] = await port.ask(`Hg${thread}`, `p${hex(rip)}`);
      return Buffer.from(value!, 'hex').readBigUInt64LE();
    },
    setInstructionPointer: async (thread, address) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(address);
      await Promise.all([port.must(`Hg${thread}`), port.must(`P${hex(rip)}=${bytes.toString('hex')}`)]);
    },
    setBreakpoint: async (address) => {
      await port.must(`Z1,${hex(address)},1`);
      breakpoints.add(address);
    },
    clearBreakpoint: async (address) => {
      await port.must(`z1,${hex(address)},1`, { always: true });
      breakpoints.delete(address);
    },
    run: (threads, until) => port.go(threads.map((thread) => `c:${thread}`).join(';') || 'c', until),
    step: (thread) => port.go(`s:${thread}`, undefined),
  };
  try {
    return await work(held);
  } finally {
    for (const address of breakpoints) await held.clearBreakpoint(address).catch(() => {});
  }
}
