/**
 * A QEMU process of the harness: MachineSpec → RunningMachine → StoppedMachine.
 *
 * Nothing of it has a name: console and QMP are socket pairs, disks are nameless files, and QEMU dies with the
 * harness (`setpriv --pdeathsig`), so that even `kill -9` of the harness leaves no process, socket or file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EnvironmentError, LabBrokeError } from '../errors.ts';
import { qemuArgs } from './args.ts';
import { MachineConsole } from './console.ts';
import { endedError, type StoppedMachine } from './died.ts';
import { createDisk, type Disk } from './disks.ts';
import { defaultQemu, qemuVersion } from './qemu-version.ts';
import { QmpClient } from './qmp.ts';
import { type QuirkId, quirksAvoided } from './quirks.ts';
import type { MachineRecord } from './record.ts';
import type { Accelerator, MachineSpec } from './spec.ts';
import { stopProcess } from './stop.ts';
import { disksOf } from './topology.ts';
import { forwardedPort } from './usernet.ts';

export interface StartOptions {
  accel: Accelerator | Accelerator['kind'];
  record: MachineRecord;
  /** Ends the start; a running machine is ended by disposing of it. */
  signal?: AbortSignal;
  /** Program name or path. */
  qemu?: string;
  /** Leave the CPUs stopped: QMP `cont` starts them. */
  paused?: boolean;
  /** Where the blocks of its disks live. Default: the temporary folder. */
  scratchDir?: string;
  /** More arguments for QEMU, e.g. a gdb stub or trace events. */
  extraArgs?: readonly string[];
}

export interface RunningMachine extends AsyncDisposable {
  readonly spec: MachineSpec;
  readonly pid: number;
  /** The whole command line, program first. */
  readonly command: readonly string[];
  readonly quirksAvoided: readonly QuirkId[];
  readonly qmp: QmpClient;
  readonly serial: MachineConsole;
  readonly stderr: MachineConsole;
  /** Port on 127.0.0.1 that leads to the machine's SSH server. */
  readonly sshPort: number;
  /** Settles when QEMU has ended, for whatever reason; never rejects. */
  readonly exited: Promise<StoppedMachine>;
  /** Quits QEMU: by QMP, then SIGTERM, then SIGKILL, each with a bound. Can be called again and again. */
  stop(): Promise<StoppedMachine>;
}

/** Bound on QEMU's start, up to QMP's answer. It does not depend on the guest. */
const startBudgetMs = 30_000;
/** Bound on the pipes' end after the process's: a process that inherited them must not hold us up. */
const drainBudgetMs = 1_000;

/**
 * Starts QEMU and, unless `paused`, the machine in it. Settles when its CPUs run, not when its kernel is up.
 * @throws {UsageError} `BAD_MACHINE` · {EnvironmentError} `QEMU_MISSING`, `QEMU_TOO_OLD`, `SETPRIV_MISSING`,
 * `NO_SCRATCH`, `RECORD_FAILED` · {LabBrokeError} `QEMU_DIED` with QEMU's last words, `QMP_BROKEN`, `DEADLINE` ·
 * the signal's reason
 */
export async function startMachine(spec: MachineSpec, options: StartOptions): Promise<RunningMachine> {
  options.signal?.throwIfAborted();
  const accel = typeof options.accel === 'string' ? options.accel : options.accel.kind;
  // Always paused at first: nothing is said before somebody listens.
  const args = qemuArgs(spec, {
    accel,
    paused: true,
    ...(options.extraArgs ? { extra: options.extraArgs } : {}),
  });
  const command = [options.qemu ?? defaultQemu, ...args];
  await qemuVersion(options.qemu, options.signal);

  await using undo = new AsyncDisposableStack();
  await using disks = new AsyncDisposableStack();
  const backing: Disk[] = [];
  for (const { sizeMiB } of disksOf(spec))
    backing.push(disks.use(await createDisk(sizeMiB, options.scratchDir)));

  const child = spawnQemu(command, backing);
  const machine = superviseQemu(spec, child, options.record);
  undo.defer(async () => {
    await machine.stop();
  });
  const signal = AbortSignal.any([
    AbortSignal.timeout(startBudgetMs),
    ...(options.signal ? [options.signal] : []),
  ]);
  try {
    const pid = await machine.spawned;
    const qmp = await machine.connectQmp(signal);
    const sshPort = forwardedPort(await qmp.humanMonitor('info usernet', signal), 'control');
    if (!options.paused) await qmp.execute('cont', undefined, signal);
    const { serial, stderr, exited, stop } = machine;
    undo.move();
    return {
      spec,
      pid,
      command,
      quirksAvoided: quirksAvoided(spec, accel),
      qmp,
      serial,
      stderr,
      sshPort,
      exited,
      stop,
      async [Symbol.asyncDispose]() {
        await stop();
      },
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!signal.aborted) throw error;
    throw new LabBrokeError(`QEMU of machine ${spec.name} did not answer by QMP within ${startBudgetMs} ms`, {
      code: 'DEADLINE',
      lastLines: machine.stderr.lastLines(),
      cause: error,
    });
  }
}

/**
 * node:child_process rather than execa: its extra `'pipe'`s are socket pairs, two-way, and given to us as plain
 * Duplex streams; execa would have us unwrap them through `nodeChildProcess`, and its clean-up does not help
 * against the `kill -9` that `setpriv` is here for. `detached` puts QEMU into a session of its own: a Ctrl-C at
 * the terminal then reaches the harness alone, which stops the machines in order.
 */
function spawnQemu(command: readonly string[], disks: readonly Disk[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', ...disks.map(({ fd }) => fd)],
    detached: true,
  });
}

function superviseQemu(spec: MachineSpec, child: ChildProcess, record: MachineRecord) {
  const stderrPipe = child.stdio[2] as Readable;
  const serialPipe = child.stdio[3] as Duplex;
  const qmpPipe = child.stdio[4] as Duplex;
  const spawned = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<StoppedMachine>();
  let wanted = false;
  let recordFailed: Error | undefined;

  const stderr = new MachineConsole({ clock: record.clock, sink: record.stderr });
  const serial = new MachineConsole({
    clock: record.clock,
    sink: record.serial,
    write: (text) => serialPipe.write(text),
  });
  feed(stderrPipe, stderr);
  feed(serialPipe, serial);

  function feed(stream: Readable, into: MachineConsole): void {
    stream.on('data', (bytes: Uint8Array) => {
      try {
        into.receive(bytes);
      } catch (error) {
        breakDown(error as Error);
      }
    });
    // A reset is the end: 'close' of the child says the rest.
    stream.on('error', () => {});
  }

  /** QMP's end is followed by QEMU's at once, or QEMU is not what it should be. */
  async function late(seen: Error): Promise<Error> {
    await delay(drainBudgetMs, undefined, { ref: false });
    return new LabBrokeError(
      `machine ${spec.name} runs, but its QMP connection does not work: ${seen.message}`,
      {
        code: 'QMP_BROKEN',
        next: 'Is the program that was started QEMU?',
        lastLines: stderr.lastLines(),
        cause: seen,
      },
    );
  }

  /** The record cannot be kept (disk full): the run is worth nothing, so it ends with that as its reason. */
  function breakDown(cause: Error): void {
    recordFailed ??= new EnvironmentError(`cannot record machine ${spec.name}: ${cause.message}`, {
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
    for (const stream of [stderrPipe, serialPipe, qmpPipe]) stream?.destroy();
    try {
      stderr.end();
      serial.end();
    } catch (error) {
      breakDown(error as Error);
    }
    const stopped: StoppedMachine = {
      name: spec.name,
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
    stop(): Promise<StoppedMachine> {
      stopping ??= (async () => {
        if (child.exitCode === null && child.signalCode === null) wanted = true;
        return await stopProcess({ name: spec.name, child, qmp, exited: exited.promise });
      })();
      return stopping;
    },
  };
}
