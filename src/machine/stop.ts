/** Ends a QEMU process: politely, firmly, by force, each with a bound of its own. */
import type { ChildProcess } from 'node:child_process';
import { LabBrokeError } from '../errors.ts';
import type { StoppedMachine } from './died.ts';
import type { QmpClient } from './qmp.ts';

/**
 * Bounds in milliseconds, on top of each other. QEMU needs a moment to quit where it must give devices back
 * (vfio) or is starved by others; these bounds are not scaled, as the next step is always at hand.
 */
const steps = { quit: 3_000, SIGTERM: 2_000, SIGKILL: 5_000 } as const;

interface Target {
  name: string;
  child: ChildProcess;
  /** Undefined if QMP never came up. */
  qmp: QmpClient | undefined;
  exited: Promise<StoppedMachine>;
}

/** @throws {LabBrokeError} `QEMU_STUCK` if not even SIGKILL ends it (a process stuck in the kernel). */
export async function stopProcess({ name, child, qmp, exited }: Target): Promise<StoppedMachine> {
  const attempts: [number, () => void][] = [
    // The answer does not matter: the end does, and it is waited for below.
    [qmp ? steps.quit : 0, () => qmp?.execute('quit').catch(() => {})],
    [steps.SIGTERM, () => child.kill('SIGTERM')],
    [steps.SIGKILL, () => child.kill('SIGKILL')],
  ];
  for (const [budgetMs, attempt] of attempts) {
    attempt();
    const stopped = await within(budgetMs, exited);
    if (stopped) return stopped;
  }
  throw new LabBrokeError(
    `QEMU of machine ${name} (process ${child.pid}) does not end, not even by SIGKILL`,
    {
      code: 'QEMU_STUCK',
      next: `Look at /proc/${child.pid}/stack: it hangs in the kernel.`,
    },
  );
}

/** The promise's value, or undefined when the time is over. */
async function within<T>(budgetMs: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), budgetMs);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
