/**
 * A console that is a file. A socket takes what is written to it as fast as we read: when it is full, the serial port
 * tries again from QEMU's main loop (hw/char/serial.c, serial_xmit() and serial_watch_cb()), at an instruction that
 * nothing determines (quirk icount-full-console). A file takes every byte at once.
 */
import { closeSync, type FSWatcher, readSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { EnvironmentError } from '../errors.ts';
import { openNameless } from './disks.ts';

export interface ConsoleFile extends Disposable {
  fd: number;
  /** Passes on what is written, from now until it is disposed of. Can be called once. */
  follow(receive: (bytes: Uint8Array) => void): void;
  /** Passes on what has been written and not been seen yet. */
  drain(): void;
}

/** @throws {EnvironmentError} `NO_SCRATCH` */
export async function createConsoleFile(folder = tmpdir()): Promise<ConsoleFile> {
  let fd: number;
  try {
    fd = await openNameless(folder);
  } catch (cause) {
    throw new EnvironmentError(`cannot make a file in ${folder}: ${(cause as Error).message}`, {
      code: 'NO_SCRATCH',
      next: 'Set TMPDIR to a writable folder with enough room.',
      cause,
    });
  }
  const buffer = new Uint8Array(65_536);
  let position = 0;
  let open = true;
  let watcher: FSWatcher | undefined;
  let receiver: ((bytes: Uint8Array) => void) | undefined;
  const drain = () => {
    if (!open || !receiver) return;
    for (;;) {
      const count = readSync(fd, buffer, 0, buffer.length, position);
      if (count === 0) return;
      position += count;
      receiver(buffer.subarray(0, count));
    }
  };
  return {
    fd,
    drain,
    follow(receive) {
      receiver = receive;
      // It has no name but this one.
      watcher = watch(`/proc/self/fd/${fd}`, drain);
      drain();
    },
    [Symbol.dispose]() {
      watcher?.close();
      if (open) closeSync(fd);
      open = false;
    },
  };
}
