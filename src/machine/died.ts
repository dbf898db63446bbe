/** A machine that is no more: what is known of its end, and the error that says so. */
import { LabBrokeError } from '../errors.ts';
import { quirkInStderr } from './quirks.ts';

/** The end of a QEMU process. */
export interface StoppedMachine {
  name: string;
  pid: number;
  /** Exit status, or null if a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The harness asked for the end. */
  wanted: boolean;
  /** Last lines of QEMU's stderr and of the serial console, oldest first. */
  lastStderr: readonly string[];
  lastSerial: readonly string[];
}

/** For everybody who still waited for something of the machine. `MACHINE_STOPPED` if we stopped it, else `QEMU_DIED`. */
export function endedError(stopped: StoppedMachine): LabBrokeError {
  const lastLines = [
    ...stopped.lastStderr.map((line) => `qemu: ${line}`),
    ...stopped.lastSerial.map((line) => `console: ${line}`),
  ];
  if (stopped.wanted) {
    return new LabBrokeError(`machine ${stopped.name} was stopped by the harness`, {
      code: 'MACHINE_STOPPED',
      lastLines,
    });
  }
  const quirk = quirkInStderr(stopped.lastStderr);
  return new LabBrokeError(
    `QEMU of machine ${stopped.name} ended on its own: ${how(stopped)}${quirk ? ` (known quirk ${quirk.id})` : ''}`,
    {
      code: 'QEMU_DIED',
      next: quirk
        ? `A fault of the emulator, not of the kernel: ${quirk.what}. Run the lab again.`
        : "Read the last lines below; the whole record is in the run folder's .stderr and .serial files.",
      lastLines,
      ...(quirk ? { quirk: quirk.id } : {}),
    },
  );
}

function how({ exitCode, signal, lastStderr }: StoppedMachine): string {
  if (signal) return `killed by ${signal}`;
  if (exitCode === 0) return 'status 0, so the machine powered itself off or QEMU was told to quit';
  const last = lastStderr.at(-1);
  return `status ${exitCode}${last ? `, ${last}` : ''}`;
}
