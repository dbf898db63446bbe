/** Runs a tiny guest to a known answer: the only proof that an accelerator works. */
import { isKnownError } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { startMachine } from './machine.ts';
import { recordToMemory } from './record.ts';
import type { Accelerator, MachineSpec } from './spec.ts';

/** The guest, and the console line that it prints when it has run. */
export interface ProbeGuest {
  kernel: string;
  initrd: string;
  cmdline: string[];
  /** Matched against whole console lines. */
  expect: RegExp;
  firmware?: string;
  memoryMiB?: number;
}

export interface GuestRun {
  ran: boolean;
  /** What was seen, in words that follow "a guest": `ran`, `died: …`, `was silent for 5 s`. */
  saw: string;
}

/** @throws only the signal's reason: every failure of the guest is an answer. */
export async function runProbeGuest(
  guest: ProbeGuest,
  options: { accel: Accelerator['kind']; budgetMs: number; qemu?: string; signal?: AbortSignal },
): Promise<GuestRun> {
  const { accel, budgetMs, qemu, signal } = options;
  const record = recordToMemory();
  const lastConsoleLine = () =>
    record.text('serial').trim().split('\n').at(-1)?.replace(/^\S+ /, '').trim() ?? '';
  try {
    return await withDeadline(
      { name: 'probe guest', budgetMs, ...(signal ? { signal } : {}) },
      async (inner) => {
        await using machine = await startMachine(probeSpec(guest), {
          accel,
          record,
          signal: inner,
          ...(qemu ? { qemu } : {}),
        });
        const answered = machine.serial.waitForLine(guest.expect, { signal: inner });
        const panicked = machine.serial.waitForLine(/Kernel panic/, { signal: inner });
        const stopped = machine.qmp.waitForEvent('STOP', { from: 'start', signal: inner });
        return await Promise.race([
          answered.then(() => ({ ran: true, saw: 'ran' })),
          panicked.then((line) => ({ ran: false, saw: `died: ${line.text}` })),
          stopped.then(async () => {
            const { status } = await machine.qmp.execute('query-status', undefined, inner);
            const said = machine.stderr.lines.find(({ text }) => /KVM internal error/.test(text))?.text;
            return { ran: false, saw: `was stopped in state ${status}${said ? ` (${said})` : ''}` };
          }),
        ]);
      },
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (!isKnownError(error)) throw error;
    if (error.code !== 'DEADLINE')
      return { ran: false, saw: `died: ${firstStderr(record.text('stderr')) ?? error.message}` };
    const last = lastConsoleLine();
    return {
      ran: false,
      saw: last ? `did not get beyond "${last}" in ${budgetMs} ms` : `was silent for ${budgetMs} ms`,
    };
  }
}

function firstStderr(text: string): string | undefined {
  const line = text.split('\n').find((candidate) => /error|fail|abort/i.test(candidate));
  return line?.replace(/^[\d.]+ /, '').trim();
}

function probeSpec(guest: ProbeGuest): MachineSpec {
  return {
    name: 'probe',
    cpus: 1,
    memoryMiB: guest.memoryMiB ?? 256,
    nested: false,
    nativeHotplug: false,
    kernel: guest.kernel,
    initrd: guest.initrd,
    cmdline: guest.cmdline,
    pci: [],
    control: { slot: 0x1e, mac: '52:54:00:fe:ff:01', address: '10.0.255.15/24', hostPort: 0 },
    quirks: [],
    ...(guest.firmware ? { firmware: guest.firmware } : {}),
  };
}
