import { expect, it } from 'vitest';
import type { NestedGuest } from '../../src/guest/nested.ts';
import { MachineConsole } from '../../src/machine/console.ts';
import type { Accelerator } from '../../src/machine/spec.ts';
import { watchGuest } from '../../src/run/watch.ts';

const stall = '[   63.325164] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n';

function watched(kind: Accelerator['kind'], cpus: number, ...lines: string[]): AbortSignal {
  const serial = new MachineConsole({ clock: () => 0, sink: () => {} });
  const guest = { id: 'vm0', plan: { spec: { cpus } }, serial } as unknown as NestedGuest;
  const broken = new AbortController();
  watchGuest(guest, { kind, reason: '', cannotShow: [] }, broken);
  for (const line of lines) serial.receive(Buffer.from(line));
  serial.end();
  return broken.signal;
}

it('a guest of two CPUs that one of them does not come out of: the emulator broke it, and no verdict is given', async () => {
  const broken = watched('tcg', 2, 'vflab-ready\n', stall);
  await expect.poll(() => broken.aborted).toBe(true);
  expect(broken.reason).toMatchObject({
    code: 'EMULATOR_BROKE',
    quirk: 'tcg-nested-cpu-stuck',
    message: expect.stringContaining('the emulator broke vm0: '),
  });
});

it.each([
  ['one CPU', watched('tcg', 1, stall)],
  ['KVM', watched('kvm', 2, stall)],
  ['a guest that ends in peace', watched('tcg', 2, 'reboot: Power down\n')],
])('%s: none of it', async (_, broken) => {
  await new Promise(setImmediate);
  expect(broken.aborted).toBe(false);
});
