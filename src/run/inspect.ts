/** The kernel of a running machine, read from outside through its gdb stub. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LabBrokeError } from '../errors.ts';
import type { MatrixSnapshot } from '../evidence/matrix-snapshot.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import { Btf } from '../introspect/btf/btf.ts';
import { elfSection } from '../introspect/elf.ts';
import { parseKallsyms } from '../introspect/kallsyms.ts';
import { type VectorLayout, vectorLayout, vectorSymbols } from '../introspect/layout.ts';
import { readMatrix } from '../introspect/matrix.ts';
import type { GdbStub } from '../machine/gdb/stub.ts';
import { quoteCommand } from '../shell.ts';

/**
 * Where a machine's kernel has its vectors. The types are those of the file that it booted from, where that is an
 * ELF file, which saves sending 5 MB through an emulated network; else the machine is asked.
 */
export async function vectorsOf(
  linux: LinuxMachine,
  kernelFile: string,
  signal: AbortSignal,
): Promise<VectorLayout> {
  // The search is done there: the whole is 8 MB. busybox's grep is three times faster with -F than with -E.
  const patterns = vectorSymbols.flatMap((name) => ['-e', name]);
  const found = await linux.must(`grep -F -w ${quoteCommand(patterns)} /proc/kallsyms`, signal);
  const section = elfSection(await readFile(kernelFile, { signal }), '.BTF');
  const btf = section ?? (await readBinary(linux, '/sys/kernel/btf/vmlinux', signal));
  return vectorLayout({ btf: new Btf(btf), symbols: parseKallsyms(found) });
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
  /** How long the machine stood still for it. */
  stoppedMs: number;
  /** Stops that found a CPU inside the matrix's lock, and were given up. */
  retries: number;
}

/** A stop meets the lock held as often as the kernel holds it: this often in a row, it is not the lock. */
const mostTries = 50;

/**
 * A consistent snapshot of the vector matrix.
 * @throws {LabBrokeError} `KERNEL_UNREADABLE`, `MATRIX_BUSY`; the signal's reason.
 */
export async function takeMatrix(
  stub: GdbStub,
  layout: VectorLayout,
  signal: AbortSignal,
): Promise<TakenSnapshot> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const taken = await stub.whileStopped(async (cpus) => {
      const begin = performance.now();
      const snapshot = await readMatrix(cpus, layout);
      return { snapshot, stoppedMs: performance.now() - begin };
    }, signal);
    const { snapshot, stoppedMs } = taken;
    if (snapshot) return { snapshot, stoppedMs, retries: tries };
    // Whoever holds the lock needs some time of the machine's to leave it.
    await delay(tries, undefined, { signal });
  }
  throw new LabBrokeError(`a CPU holds vector_lock, ${mostTries} times in a row`, {
    code: 'MATRIX_BUSY',
    next: 'A CPU that never leaves the lock hangs in it: look at the machine with gdb.',
  });
}
