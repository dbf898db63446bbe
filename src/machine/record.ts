/**
 * Where a machine's raw records go: a sink for each stream, and the clock that stamps them. The file formats
 * are those of `src/evidence/record.ts`.
 */

/** Seconds of the harness's monotonic clock since the variant began. */
export type Clock = () => number;

/** Takes bytes in order; never refuses silently: throws what the write threw (disk full). */
export type Sink = (bytes: Uint8Array) => void;

export interface MachineRecord {
  clock: Clock;
  serial: Sink;
  stderr: Sink;
  qmp: Sink;
  /** An open file for QEMU's trace, which QEMU writes itself. Needed where the spec asks for a trace. */
  traceFd?: () => number;
}

/** A clock that starts now. */
export function startClock(): Clock {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start) / 1e9;
}

/** The `t` of a record: seconds with six decimals. */
export function stamp(t: number): string {
  return t.toFixed(6);
}

/** Records into memory, for the accelerator probe and for tests. */
export function recordToMemory(clock: Clock = startClock()): MachineRecord & MemoryRecord {
  const chunks = { serial: [] as Uint8Array[], stderr: [] as Uint8Array[], qmp: [] as Uint8Array[] };
  return {
    clock,
    serial: (bytes) => chunks.serial.push(Buffer.from(bytes)),
    stderr: (bytes) => chunks.stderr.push(Buffer.from(bytes)),
    qmp: (bytes) => chunks.qmp.push(Buffer.from(bytes)),
    text: (kind) => Buffer.concat(chunks[kind]).toString('latin1'),
  };
}

export interface MemoryRecord {
  /** What a sink got, one character a byte. */
  text(kind: 'serial' | 'stderr' | 'qmp'): string;
}
