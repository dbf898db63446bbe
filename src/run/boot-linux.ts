/** A machine of one of our images, from QEMU's start to a shell by SSH. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { LabBrokeError } from '../errors.ts';
import { controlParameters } from '../guest/command-line.ts';
import type { SshKey } from '../guest/key.ts';
import { type CommandLog, LinuxMachine } from '../guest/linux.ts';
import { SshConnection } from '../guest/ssh.ts';
import { type RunningMachine, startMachine } from '../machine/machine.ts';
import type { MachineRecord } from '../machine/record.ts';
import type { Accelerator, MachineSpec } from '../machine/spec.ts';

const keepalive = { keepaliveIntervalMs: 5_000, keepaliveCountMax: 12 };

export interface BootOptions {
  accelerator: Accelerator['kind'];
  record: MachineRecord;
  log: CommandLog;
  key: SshKey;
  /** Machine and connection are ended with it. */
  cleanup: AsyncDisposableStack;
  /** As soon as QEMU runs. */
  onStart?: (machine: RunningMachine) => void;
  /** More arguments for QEMU. */
  extraArgs?: readonly string[];
  signal: AbortSignal;
}

/** @throws LabBrokeError HOST_BOOT_FAILED, SSH_UNREACHABLE, and what starting a machine throws */
export async function bootLinux(
  spec: MachineSpec,
  { accelerator, record, log, key, cleanup, onStart, extraArgs, signal }: BootOptions,
): Promise<{ machine: RunningMachine; linux: LinuxMachine }> {
  const { name } = spec;
  const machine = await startMachine(
    { ...spec, cmdline: [...spec.cmdline, ...controlParameters(spec, key.publicBlob)] },
    { accel: accelerator, record, signal, ...(extraArgs ? { extraArgs } : {}) },
  );
  cleanup.use(machine);
  onStart?.(machine);
  const line = await machine.serial.waitForLine(/vflab-ready|vflab-boot-failed/, { signal });
  if (!line.text.includes('vflab-ready')) {
    throw new LabBrokeError(`the ${name} did not boot: ${line.text.trim()}`, {
      code: 'HOST_BOOT_FAILED',
      lastLines: machine.serial.lastLines(),
    });
  }
  const ssh = await SshConnection.connect(
    { machine: name, open: () => openTcp(machine.sshPort), privateKey: key.privateKey, ...keepalive },
    signal,
  );
  cleanup.defer(() => ssh.close());
  return { machine, linux: new LinuxMachine(name, ssh, log) };
}

async function openTcp(port: number): Promise<Duplex> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  socket.once('connect', () => resolve(socket)).once('error', reject);
  return await promise;
}
