/**
 * A QEMU process of the harness: MachineSpec → RunningMachine → StoppedMachine.
 *
 * Nothing of it has a name: console and QMP are socket pairs, disks are nameless files, and QEMU dies with the
 * harness (`setpriv --pdeathsig`), so that even `kill -9` of the harness leaves no process, socket or file.
 */
import { LabBrokeError, UsageError } from '../errors.ts';
import { type QemuArgsOptions, qemuArgs } from './args.ts';
import type { MachineConsole } from './console.ts';
import { createConsoleFile } from './console-file.ts';
import type { StoppedMachine } from './died.ts';
import { createDisk, type Disk } from './disks.ts';
import type { GdbStub } from './gdb/stub.ts';
import { defaultQemu, qemuVersion } from './qemu-version.ts';
import type { QmpClient } from './qmp.ts';
import type { QuirkId } from './quirk.ts';
import { refuseBrokenQemu } from './quirk-checks.ts';
import { quirksAvoided } from './quirks.ts';
import type { MachineRecord } from './record.ts';
import type { Accelerator, MachineSpec } from './spec.ts';
import { spawnQemu, superviseQemu } from './supervise.ts';
import { allDevices, disksOf } from './topology.ts';
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
  /** More arguments for QEMU, e.g. trace events. */
  extraArgs?: readonly string[];
  /** A file for its memory: see {@link QemuArgsOptions.memory}. */
  memory?: QemuArgsOptions['memory'];
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
  /** Where the spec asks for it. */
  readonly gdb: GdbStub | undefined;
  /** Port on 127.0.0.1 that leads to the machine's SSH server. */
  readonly sshPort: number;
  /** Settles when QEMU has ended, for whatever reason; never rejects. */
  readonly exited: Promise<StoppedMachine>;
  /** Quits QEMU: by QMP, then SIGTERM, then SIGKILL, each with a bound. Can be called again and again. */
  stop(): Promise<StoppedMachine>;
}

function openTrace({ name }: MachineSpec, record: MachineRecord): number {
  if (record.traceFd) return record.traceFd();
  throw new UsageError(`machine ${name}: a trace is asked for, and the record has no place for it`, {
    code: 'BAD_MACHINE',
  });
}

/**
 * Bound on QEMU's start, up to QMP's answer. It does not depend on the guest, but on the devices: each has an address
 * space of its own, and all are laid out anew for every one that is added (160 disks take 1 s, 512 take 25 s).
 */
const startBudgetMs = (spec: MachineSpec) => 30_000 + 400 * allDevices(spec).length;
/**
 * Starts QEMU and, unless `paused`, the machine in it. Settles when its CPUs run, not when its kernel is up.
 * @throws {UsageError} `BAD_MACHINE` · {EnvironmentError} `QEMU_MISSING`, `QEMU_TOO_OLD`, `QEMU_QUIRK`,
 * `SETPRIV_MISSING`, `NO_SCRATCH`, `RECORD_FAILED` · {LabBrokeError} `QEMU_DIED` with QEMU's last words, `QMP_BROKEN`, `DEADLINE` ·
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
    ...(options.memory ? { memory: options.memory } : {}),
  });
  const command = [options.qemu ?? defaultQemu, ...args];
  await qemuVersion(options.qemu, options.signal);

  await using undo = new AsyncDisposableStack();
  await using disks = new AsyncDisposableStack();
  const backing: Disk[] = [];
  for (const { sizeMiB } of disksOf(spec))
    backing.push(disks.use(await createDisk(sizeMiB, options.scratchDir)));

  const traceFd = spec.trace?.length ? [openTrace(spec, options.record)] : [];
  // Closed when QEMU has ended.
  const consoleFile = spec.deterministic ? await createConsoleFile(options.scratchDir) : undefined;
  const child = spawnQemu(command, consoleFile?.fd ?? 'pipe', [
    ...(spec.gdbStub ? (['pipe'] as const) : []),
    ...backing.map(({ fd }) => fd),
    ...traceFd,
  ]);
  const machine = superviseQemu(spec.name, child, options.record, consoleFile);
  undo.defer(async () => {
    await machine.stop();
  });
  const budgetMs = startBudgetMs(spec);
  const signal = AbortSignal.any([
    AbortSignal.timeout(budgetMs),
    ...(options.signal ? [options.signal] : []),
  ]);
  try {
    const pid = await machine.spawned;
    const qmp = await machine.connectQmp(signal);
    const gdb = await machine.connectGdb(signal);
    const sshPort = forwardedPort(await qmp.humanMonitor('info usernet', signal), 'control');
    await refuseBrokenQemu(spec, accel, qmp, signal);
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
      gdb,
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
    throw new LabBrokeError(`QEMU of machine ${spec.name} did not answer by QMP within ${budgetMs} ms`, {
      code: 'DEADLINE',
      lastLines: machine.stderr.lastLines(),
      cause: error,
    });
  }
}
