/**
 * Writes the raw record of one variant (format: src/evidence/record.ts). Every write is synchronous, so that
 * a killed harness loses nothing that it had seen.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { UntimedEvent } from '../evidence/record.ts';
import type { MachineRecord } from '../machine/record.ts';

export class VariantRecord {
  readonly folder: string;
  readonly #startNs = process.hrtime.bigint();
  readonly #files = new Map<string, number>();

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(join(folder, 'snapshots'), { recursive: true });
  }

  /** Seconds of the harness's monotonic clock since the variant began. */
  readonly now = (): number => Number(process.hrtime.bigint() - this.#startNs) / 1e9;

  event(event: UntimedEvent): void {
    const t = Number(this.now().toFixed(6));
    this.append('events.ndjson', `${JSON.stringify({ t, ...event })}\n`);
  }

  /** Appends to a file of the run folder, creating it at first. */
  append(name: string, data: string | Uint8Array): void {
    const fd = this.#open(name);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  }

  #open(name: string): number {
    let fd = this.#files.get(name);
    if (fd === undefined) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      fd = openSync(path, 'a');
      this.#files.set(name, fd);
    }
    return fd;
  }

  /** Sinks for a machine's console, QEMU's stderr and QMP. */
  machine(name: string): MachineRecord {
    const sink = (kind: string) => (bytes: Uint8Array) => this.append(`${name}.${kind}`, bytes);
    return {
      clock: this.now,
      serial: sink('serial'),
      stderr: sink('stderr'),
      qmp: sink('qmp'),
      traceFd: () => this.#open(`${name}.qemu-trace`),
    };
  }

  /** Writes a whole file at once. */
  file(name: string, data: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, data);
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }
}
