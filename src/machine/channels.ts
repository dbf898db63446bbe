/**
 * How QEMU's console, QMP and disks reach whoever runs it. The harness hands its own machine open file
 * descriptors, so that no socket and no file ever has a name; inside the host, where a name hurts nobody,
 * a guest's QEMU gets sockets or its own standard streams.
 */
import type { MachineSpec } from './spec.ts';
import { disksOf } from './topology.ts';

export type Channel =
  /** An open socket, inherited. */
  | { kind: 'fd'; fd: number }
  /** An open file, inherited; for what is only written. */
  | { kind: 'file'; fd: number }
  /** QEMU listens on 127.0.0.1 of the machine that runs it. */
  | { kind: 'tcp'; port: number }
  /** QEMU listens on a socket with a name. */
  | { kind: 'unix'; path: string }
  /** QEMU's own stdin and stdout: one SSH channel both starts the guest and carries its QMP. */
  | { kind: 'stdio' };

export type DiskBacking =
  /** An open file, inherited as `fd` and given to QEMU as fd set `fd`. */
  { kind: 'fd'; fd: number } | { kind: 'file'; path: string };

export interface Wiring {
  serial: Channel;
  qmp: Channel;
  /** The gdb stub, where the spec wants one. */
  gdb?: Channel;
  /** By device id. Every disk of the spec must be in it. */
  disks: Record<string, DiskBacking>;
  /** Descriptor of the file that takes QEMU's trace; used where the spec asks for one. */
  traceFd: number;
}

/** First descriptor after stdin, stdout, stderr, serial and QMP. */
const firstFreeFd = 5;

/**
 * The wiring of a machine that the harness runs itself: descriptors 3 (serial), 4 (QMP), then the gdb stub's if
 * there is one, then the disks' in order, then the trace's.
 */
export function ownProcessWiring(spec: MachineSpec): Wiring {
  const firstDiskFd = firstFreeFd + (spec.gdbStub ? 1 : 0);
  const disks = disksOf(spec).map(({ id }, index) => [id, { kind: 'fd', fd: firstDiskFd + index }] as const);
  return {
    // See console-file.ts.
    serial: { kind: spec.deterministic ? 'file' : 'fd', fd: 3 },
    qmp: { kind: 'fd', fd: 4 },
    ...(spec.gdbStub ? { gdb: { kind: 'fd', fd: firstFreeFd } } : {}),
    disks: Object.fromEntries(disks),
    traceFd: firstDiskFd + disks.length,
  };
}

/** `-chardev` value for a channel. Listening sockets do not wait: start paused, connect, then `cont`. */
export function chardev(id: string, channel: Channel): string {
  if (channel.kind === 'fd') return `socket,id=${id},fd=${channel.fd}`;
  if (channel.kind === 'file') return `file,id=${id},path=/dev/fd/${channel.fd}`;
  if (channel.kind === 'tcp') return `socket,id=${id},host=127.0.0.1,port=${channel.port},server=on,wait=off`;
  if (channel.kind === 'unix') return `socket,id=${id},path=${escapeComma(channel.path)},server=on,wait=off`;
  return `stdio,id=${id},signal=off`;
}

/** QEMU's option syntax doubles a comma inside a value (util/qemu-option.c, get_opt_value()). */
export function escapeComma(value: string): string {
  return value.replaceAll(',', ',,');
}
