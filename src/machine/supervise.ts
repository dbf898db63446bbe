/** The QEMU process: spawning it so that it cannot outlive us, and turning its end into one clear error. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EnvironmentError, LabBrokeError } from '../errors.ts';
import { MachineConsole } from './console.ts';
import type { ConsoleFile } from './console-file.ts';
import { endedError, type StoppedMachine } from './died.ts';
import { GdbStub } from './gdb/stub.ts';
import { QmpClient } from './qmp.ts';
import type { MachineRecord } from './record.ts';
import { stopProcess } from './stop.ts';

/** Bound on the pipes' end after the process's: a process that inherited them must not hold us up. */
const drainBudgetMs = 1_000;

export interface SupervisedQemu {
  /** The process's id, once there is one. */
  spawned: Promise<number>;
  exited: Promise<StoppedMachine>;
  serial: MachineConsole;
  stderr: MachineConsole;
  connectQmp(signal: AbortSignal): Promise<QmpClient>;
  /** Undefined where the process was given none. The machine, paused at its start, stays so. */
  connectGdb(signal: AbortSignal): Promise<GdbStub | undefined>;
  stop(): Promise<StoppedMachine>;
}

/**
 * node:child_process rather than execa: its extra `'pipe'`s are socket pairs, two-way, and given to us as plain
 * Duplex streams; execa would have us unwrap them through `nodeChildProcess`, and its clean-up does not help
 * against the `kill -9` that `setpriv` is here for. `detached` puts QEMU into a session of its own: a Ctrl-C at
 * the terminal then reaches the harness alone, which stops the machines in order.
 * @param serial an open file for the console, or a socket pair
 * @param fds open files that QEMU inherits as 5, 6, … (see channels.ts); `pipe`: a socket pair, the gdb stub's
 */
export function spawnQemu(
  command: readonly string[],
  serial: number | 'pipe',
  fds: readonly (number | 'pipe')[],
): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', serial, 'pipe', ...fds],
    detached: true,
  });
}

/** Watches over a process that {@link spawnQemu} made: its streams, its end, and why it ended. */
export function superviseQemu(
  name: string,
  child: ChildProcess,
  record: MachineRecord,
  consoleFile?: ConsoleFile,
): SupervisedQemu {
  const stderrPipe = child.stdio[2] as Readable;
  const serialPipe = child.stdio[3] as Duplex | null;
  const qmpPipe = child.stdio[4] as Duplex;
  // A disk's descriptor is no stream.
  const gdbPipe = (child.stdio as readonly unknown[])[5] as Duplex | null | undefined;
  const spawned = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<StoppedMachine>();
  let wanted = false;
  let recordFailed: Error | undefined;

  const stderr = new MachineConsole({ clock: record.clock, sink: record.stderr });
  const serial = new MachineConsole({
    clock: record.clock,
    sink: record.serial,
    ...(serialPipe ? { write: (text: string) => serialPipe.write(text) } : {}),
  });
  feed(stderrPipe, stderr);
  if (serialPipe) feed(serialPipe, serial);
  consoleFile?.follow((bytes) => take(bytes, serial));

  function feed(stream: Readable, into: MachineConsole): void {
    stream.on('data', (bytes: Uint8Array) => take(bytes, into));
    // A reset is the end: 'close' of the child says the rest.
    stream.on('error', () => {});
  }

  function take(bytes: Uint8Array, into: MachineConsole): void {
    try {
      into.receive(bytes);
    } catch (error) {
      breakDown(error as Error);
    }
  }

  /** QMP's end is followed by QEMU's at once, or QEMU is not what it should be. */
  async function late(seen: Error): Promise<Error> {
    await delay(drainBudgetMs, undefined, { ref: false });
    return new LabBrokeError(`machine ${name} runs, but its QMP connection does not work: ${seen.message}`, {
      code: 'QMP_BROKEN',
      next: 'Is the program that was started QEMU?',
      lastLines: stderr.lastLines(),
      cause: seen,
    });
  }

  /** The record cannot be kept (disk full): the run is worth nothing, so it ends with that as its reason. */
  function breakDown(cause: Error): void {
    recordFailed ??= new EnvironmentError(`cannot record machine ${name}: ${cause.message}`, {
      code: 'RECORD_FAILED',
      next: 'Make room where the run folder is.',
      cause,
    });
    child.kill('SIGKILL');
  }

  child.on('spawn', () => spawned.resolve(child.pid!));
  child.on('error', (cause) => {
    // Also emitted when a signal cannot be sent; then the process exists, and its end comes by itself.
    if (child.pid !== undefined) return;
    const error = new EnvironmentError(
      `cannot run setpriv, which ties QEMU's life to ours: ${cause.message}`,
      {
        code: 'SETPRIV_MISSING',
        next: 'Install util-linux.',
        cause,
      },
    );
    spawned.reject(error);
    finish(null, null, error);
  });
  child.on('exit', (exitCode, signal) => {
    // 'close' comes when the pipes have been read to their end, normally at once.
    const late = setTimeout(() => finish(exitCode, signal), drainBudgetMs);
    child.on('close', () => {
      clearTimeout(late);
      finish(exitCode, signal);
    });
  });

  function finish(exitCode: number | null, signal: NodeJS.Signals | null, reason?: Error): void {
    for (const stream of [stderrPipe, serialPipe, qmpPipe, gdbPipe]) stream?.destroy();
    consoleFile?.drain();
    consoleFile?.[Symbol.dispose]();
    try {
      stderr.end();
      serial.end();
    } catch (error) {
      breakDown(error as Error);
    }
    const stopped: StoppedMachine = {
      name,
      pid: child.pid ?? 0,
      exitCode,
      signal,
      wanted,
      lastStderr: stderr.lastLines(),
      lastSerial: serial.lastLines(),
    };
    const error = reason ?? recordFailed ?? endedError(stopped);
    serial.fail(error);
    stderr.fail(error);
    whyEnded.resolve(error);
    exited.resolve(stopped);
  }
  const whyEnded = Promise.withResolvers<Error>();

  let qmp: QmpClient | undefined;
  let stopping: Promise<StoppedMachine> | undefined;
  return {
    spawned: spawned.promise,
    exited: exited.promise,
    serial,
    stderr,
    async connectQmp(signal: AbortSignal): Promise<QmpClient> {
      qmp = await QmpClient.connect(qmpPipe, {
        clock: record.clock,
        record: (bytes) => {
          try {
            record.qmp(bytes);
          } catch (error) {
            breakDown(error as Error);
          }
        },
        signal,
        whyClosed: (seen) => Promise.race([whyEnded.promise, late(seen)]),
      });
      return qmp;
    },
    async connectGdb(signal: AbortSignal): Promise<GdbStub | undefined> {
      return gdbPipe ? await GdbStub.connect(gdbPipe, signal) : undefined;
    },
    stop(): Promise<StoppedMachine> {
      stopping ??= (async () => {
        if (child.exitCode === null && child.signalCode === null) wanted = true;
        return await stopProcess({ name, child, qmp, exited: exited.promise });
      })();
      return stopping;
    },
  };
}
