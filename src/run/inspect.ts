/** The kernel of a running machine, read from outside through its gdb stub. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LabBrokeError } from '../errors.ts';
import type { MatrixSnapshot } from '../evidence/matrix-snapshot.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import { Btf } from '../introspect/btf/btf.ts';
import { elfSection } from '../introspect/elf.ts';
import { parseKallsyms } from '../introspect/kallsyms.ts';
import { usefulSymbols, vectorLayout } from '../introspect/layout.ts';
import { MatrixReader } from '../introspect/matrix.ts';
import { GdbStubError } from '../machine/gdb/packet.ts';
import type { GdbStub } from '../machine/gdb/stub.ts';
import { quoteCommand } from '../shell.ts';

/** What has to be known of a kernel before its memory means anything. */
export interface KernelFacts {
  /** BTF, as it is in the kernel's file or in its /sys/kernel/btf/vmlinux. */
  btf: Uint8Array;
  /** Of /proc/kallsyms, the lines that are needed, each with the one behind it: where a function ends. */
  kallsyms: string;
  /** What the lines were asked for. */
  names: readonly string[];
}

/** @throws {LabBrokeError} `KERNEL_UNREADABLE`; {BtfError} */
export function readerOf({ btf, kallsyms }: Pick<KernelFacts, 'btf' | 'kallsyms'>): MatrixReader {
  return new MatrixReader(vectorLayout(new Btf(btf), parseKallsyms(kallsyms)));
}

/**
 * Those of a machine that is reached by SSH. Its types are those of the file that it booted from, where that is an
 * ELF file, which saves sending 5 MB through an emulated network; else the machine is asked.
 */
export async function kernelFacts(
  linux: LinuxMachine,
  kernelFile: string,
  signal: AbortSignal,
  moreSymbols: readonly string[] = [],
): Promise<KernelFacts> {
  // All in one search: it takes an emulated machine most of a second.
  const names = [...usefulSymbols, ...moreSymbols];
  const kallsyms = await kallsymsOf(linux, names, signal);
  const section = elfSection(await readFile(kernelFile, { signal }), '.BTF');
  const btf = section ?? (await readBinary(linux, '/sys/kernel/btf/vmlinux', signal));
  return { btf, kallsyms, names };
}

/** The search is done there: the whole is 8 MB. busybox's grep is three times faster with -F than with -E. */
export async function kallsymsOf(
  linux: LinuxMachine,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const patterns = quoteCommand([...new Set(names)].flatMap((name) => ['-e', name]));
  return await linux.must(`grep -F -w -A1 ${patterns} /proc/kallsyms`, signal);
}

async function readBinary(linux: LinuxMachine, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await linux.stream(`cat ${quoteCommand([path])}`, signal)) {
    signal.throwIfAborted();
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks);
}

export interface TakenSnapshot {
  snapshot: MatrixSnapshot;
  /** How long the machine stood still for it, at most. */
  stoppedMs: number;
  /** Stops that found a CPU inside the matrix's lock, and were given up. */
  retries: number;
}

/** A stop meets the lock held as often as the kernel holds it: this often in a row, it is not the lock. */
const mostTries = 50;

/**
 * A consistent snapshot of the vector matrix.
 * @throws {LabBrokeError} `KERNEL_UNREADABLE`, `MATRIX_BUSY`, `GDB_STUB_BROKEN`; the signal's reason.
 */
export async function takeMatrix(
  stub: GdbStub,
  reader: MatrixReader,
  signal: AbortSignal,
): Promise<TakenSnapshot> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const begin = performance.now();
    const snapshot = await stub.whileStopped((cpus) => reader.read(cpus), signal).catch(stubBroken);
    if (snapshot) return { snapshot, stoppedMs: performance.now() - begin, retries: tries };
    // Whoever holds the lock needs some time of the machine's to leave it.
    await delay(tries, undefined, { signal });
  }
  throw new LabBrokeError(`a CPU holds vector_lock, ${mostTries} times in a row`, {
    code: 'MATRIX_BUSY',
    next: 'A CPU that never leaves the lock hangs in it: look at the machine with gdb.',
  });
}

/** The same error for all that can be wrong with a stub. */
export function stubBroken(error: unknown): never {
  if (!(error instanceof GdbStubError)) throw error;
  throw new LabBrokeError(error.message, {
    code: 'GDB_STUB_BROKEN',
    next: 'Is the other side the gdb stub of a QEMU for x86, and does it still run?',
    cause: error,
  });
}
