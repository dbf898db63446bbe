/** Files to and from a machine. */
import { LabBrokeError } from '../errors.ts';
import { quote } from '../shell.ts';
import type { LinuxMachine } from './linux.ts';

/** @throws LabBrokeError GUEST_COMMAND_FAILED when it cannot be written whole */
export async function putFile(
  machine: LinuxMachine,
  path: string,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  // The size is asked for, because a connection that breaks looks like the end of the input.
  const command = `cat > ${quote(path)} && [ $(wc -c < ${quote(path)}) = ${content.length} ]`;
  const { exitCode, stderr } = await machine.ssh.transfer(command, signal, { input: content });
  if (exitCode !== 0) throw failed(machine, `${path} could not be written`, stderr);
}

/** @throws LabBrokeError GUEST_COMMAND_FAILED when it cannot be read whole */
export async function getFile(machine: LinuxMachine, path: string, signal: AbortSignal): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await machine.ssh.transfer(`cat ${quote(path)}`, signal);
  if (exitCode !== 0) throw failed(machine, `${path} could not be read`, stderr);
  return stdout;
}

function failed(machine: LinuxMachine, what: string, stderr: Buffer): LabBrokeError {
  return new LabBrokeError(`${machine.name}: ${what}`, {
    code: 'GUEST_COMMAND_FAILED',
    lastLines: stderr.toString('utf8').trim().split('\n').slice(-8),
  });
}
