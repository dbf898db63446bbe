/** `vflab inspect`: the vector matrix of a running kernel, read through QEMU's gdb stub. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { exitCodes, isKnownError, LabBrokeError, UsageError } from '../errors.ts';
import { BtfError } from '../introspect/btf/btf.ts';
import { elfSection } from '../introspect/elf.ts';
import { GdbStub } from '../machine/gdb/stub.ts';
import { matrixText } from '../report/matrix-text.ts';
import { readerOf, stubBroken, takeMatrix } from '../run/inspect.ts';
import type { CommandContext } from './context.ts';

export interface InspectOptions {
  /** `HOST:PORT`, or `unix:PATH`. */
  gdb: string;
  btf: string;
  kallsyms: string;
  json?: boolean;
  /** False: the machine stays stopped. */
  resume: boolean;
}

/** For everything that is asked of the stub; it answers in milliseconds. */
const budgetMs = 10_000;

/**
 * @returns 0.
 * @throws {UsageError} `BAD_GDB_ADDRESS`, `NO_KERNEL_FILE`, `NOT_BTF` · {LabBrokeError} `GDB_STUB_BROKEN`,
 * `KERNEL_UNREADABLE`, `MATRIX_BUSY`
 */
export async function inspect({ cwd, out, err }: CommandContext, options: InspectOptions): Promise<number> {
  const open = stubAt(options.gdb);
  const reader = await readerFrom(cwd, options);
  const signal = AbortSignal.timeout(budgetMs);
  const stream = open();
  try {
    const stub = await GdbStub.connect(stream, signal).catch(stubBroken);
    const { snapshot, stoppedMs } = await takeMatrix(stub, reader, signal);
    if (options.resume) stub.resume();
    // Flushed before the process ends, or the machine would stay stopped.
    await new Promise<void>((done) => stream.end(done));
    out.write(options.json ? `${JSON.stringify(snapshot)}\n` : matrixText(snapshot));
    err.write(`The machine stood still for ${stoppedMs.toFixed(1)} ms.\n`);
    return exitCodes.asExpected;
  } catch (error) {
    if (isKnownError(error) || !signal.aborted) throw error;
    throw new LabBrokeError(`${options.gdb} does not answer as a gdb stub, within ${budgetMs / 1000} s`, {
      code: 'GDB_STUB_BROKEN',
      next: 'Is another debugger connected? QEMU answers only one.',
      cause: error,
    });
  } finally {
    stream.destroy();
  }
}

async function readerFrom(cwd: string, options: InspectOptions) {
  const [file, kallsyms] = await Promise.all([options.btf, options.kallsyms].map((path) => read(cwd, path)));
  try {
    return readerOf({
      btf: elfSection(file!, '.BTF') ?? file!,
      kallsyms: Buffer.from(kallsyms!).toString('latin1'),
    });
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
    throw new UsageError(`${options.btf}: ${error.message}`, {
      code: 'NOT_BTF',
      next: "give the running kernel's /sys/kernel/btf/vmlinux, or its vmlinux",
      cause: error,
    });
  }
}

async function read(cwd: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(cwd, path));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, {
      code: 'NO_KERNEL_FILE',
      next: 'copy /sys/kernel/btf/vmlinux and, as root, /proc/kallsyms from the machine',
      cause: error,
    });
  }
}

function stubAt(address: string): () => Duplex {
  if (address.startsWith('unix:')) return () => connect(address.slice('unix:'.length));
  const m = /^(.{1,255}):(\d{1,5})$/.exec(address);
  if (!m || Number(m[2]) > 65535) {
    throw new UsageError(`"${address}" is no address of a gdb stub`, {
      code: 'BAD_GDB_ADDRESS',
      next: 'give HOST:PORT or unix:PATH, as QEMU got it by -gdb',
    });
  }
  return () => connect({ host: m[1]!, port: Number(m[2]), noDelay: true });
}
