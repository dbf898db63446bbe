/** What ends a run at once, whatever it waits for: a host that panics, a QEMU that ends, an emulator that broke. */
import { LabBrokeError } from '../errors.ts';
import type { NestedGuest } from '../guest/nested.ts';
import type { MachineConsole } from '../machine/console.ts';
import type { RunningMachine } from '../machine/machine.ts';
import type { ConsoleSign, Quirk } from '../machine/quirk.ts';
import { quirks } from '../machine/quirks.ts';
import type { Accelerator } from '../machine/spec.ts';

export function watchHost(machine: RunningMachine, { kind }: Accelerator, broken: AbortController): void {
  const { serial } = machine;
  const panicked = (text: string) =>
    new LabBrokeError(`the host's kernel panicked: ${text}`, {
      code: 'HOST_PANICKED',
      lastLines: serial.lastLines(),
    });
  serial.waitForLine(/Kernel panic - not syncing/).then(
    ({ text }) => broken.abort(panicked(text.trim())),
    (ended) => broken.abort(ended),
  );
  for (const quirk of quirks)
    if (quirk.console?.accel === kind) watchFor(quirk, quirk.console, 'host', serial, broken);
}

/** A guest may end; only what a quirk did to it ends the run. */
export function watchGuest(
  { id, plan, serial }: NestedGuest,
  { kind }: Accelerator,
  broken: AbortController,
): void {
  for (const quirk of quirks) {
    const sign = quirk.guestConsole;
    if (sign?.accel === kind && plan.spec.cpus >= (sign.cpus ?? 1)) watchFor(quirk, sign, id, serial, broken);
  }
}

function watchFor(
  { id, what }: Quirk,
  { line }: ConsoleSign,
  machine: string,
  serial: MachineConsole,
  broken: AbortController,
): void {
  serial.waitForLine(line).then(
    ({ text }) =>
      broken.abort(
        new LabBrokeError(`the emulator broke ${machine === 'host' ? 'the host' : machine}: ${text.trim()}`, {
          code: 'EMULATOR_BROKE',
          next: `Known quirk ${id}: ${what}. Nothing is said about the kernel.`,
          lastLines: serial.lastLines(),
          quirk: id,
        }),
      ),
    // It ended without saying so.
    () => {},
  );
}
