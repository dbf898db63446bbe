/** For every rule about interrupt lines: a recording with one thing spoiled, and the finding that must come of it. */
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { Control } from '../../control.ts';
import { stored } from '../../stored-run.ts';

export const conflict = () => stored('intx-conflict-6.1');
export const canMask = () => stored('intx-can-mask-6.1');

const without = (kind: HarnessEvent['kind']) => (event: HarnessEvent) =>
  event.kind === kind ? undefined : event;

export function change<K extends HarnessEvent['kind']>(
  kind: K,
  where: Partial<Extract<HarnessEvent, { kind: K }>>,
  to: Partial<Extract<HarnessEvent, { kind: K }>>,
) {
  return (event: HarnessEvent): HarnessEvent =>
    event.kind === kind && Object.entries(where).every(([key, value]) => (event as never)[key] === value)
      ? { ...event, ...to }
      : event;
}

const mismatch =
  /Flags mismatch irq 21\. 00000000 \((vfio-intx\(0000:00:09\.0\))\) vs\. 00000000 \((vfio-intx\(0000:00:05\.0\))\)/g;
const afterGuests = 'snapshots/after-guests.host.interrupts';

export const controls: Control[] = [
  {
    name: 'QEMU’s words alone are no refusal by the kernel',
    run: () => conflict().hostLog(mismatch, 'something else'),
    verdict: 'inconclusive',
    finding: 'guest-not-started',
  },
  {
    name: 'nor is the kernel’s line alone',
    run: () => conflict().delete('vm1.stderr'),
    verdict: 'inconclusive',
    finding: 'guest-not-started',
  },
  {
    name: 'QEMU was refused something else',
    run: () => conflict().replace('vm1.stderr', 'Device or resource busy', 'No such device'),
    verdict: 'inconclusive',
    finding: 'guest-not-started',
  },
  {
    name: 'two words of flags that would share are not believed',
    run: () => conflict().hostLog(mismatch, 'Flags mismatch irq 21. 00200080 ($1) vs. 00200080 ($2)'),
    verdict: 'inconclusive',
    finding: 'prediction-missed',
  },
  {
    name: 'the kernel names another line than the model',
    run: () => conflict().hostLog(mismatch, 'Flags mismatch irq 20. 00000000 ($1) vs. 00000000 ($2)'),
    verdict: 'reproduced',
    finding: 'prediction-missed',
  },
  {
    name: 'the flags of another kernel',
    run: () => conflict().hostLog(mismatch, 'Flags mismatch irq 21. 00200000 ($1) vs. 00200000 ($2)'),
    verdict: 'reproduced',
    finding: 'prediction-missed',
  },
  {
    name: 'a refusal that the model does not foresee',
    run: () => conflict().events(change('intx-policy', {}, { nointxmask: false })),
    verdict: 'reproduced',
    finding: 'prediction-missed',
  },
  {
    name: 'a start that the model does not foresee',
    run: () => canMask().events(change('intx-policy', {}, { nointxmask: true })),
    verdict: 'inconclusive',
    finding: 'prediction-missed',
  },
  {
    name: 'a pin on another line than the board wires it to',
    run: () => canMask().events(change('intx-probe', { function: 'usb0' }, { irq: 20 })),
    verdict: 'inconclusive',
    finding: 'prediction-missed',
  },
  {
    name: 'a line that was granted, and that nobody has',
    run: () => canMask().replace(afterGuests, ', vfio-intx(0000:00:09.0)', ''),
    verdict: 'inconclusive',
    finding: 'prediction-missed',
  },
  {
    name: 'without the probes nothing is foretold',
    run: () => conflict().events(without('intx-probe')),
    verdict: 'reproduced',
    finding: 'prediction-not-made',
  },
  {
    name: 'a command register that the harness left changed',
    run: () =>
      conflict().events(
        change('intx-probe', { function: 'card0' }, { command: { before: 0x103, set: 0x503, after: 0x503 } }),
      ),
    verdict: 'inconclusive',
    finding: 'register-left-changed',
  },
  {
    name: 'no event of a start',
    run: () => canMask().events(without('guest-start')),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'a guest that was started and does not answer',
    run: () =>
      canMask().events(
        change('witness', { machine: 'vm1', moment: 'after-guests' }, { alive: false, answer: 'no answer' }),
      ),
    verdict: 'inconclusive',
    finding: 'guest-lost',
  },
  {
    name: 'traffic over the shared line that does not come back',
    run: () => canMask().events(change('traffic', { over: 'card1' }, { received: 0 })),
    verdict: 'inconclusive',
    finding: 'traffic-lost',
  },
  {
    name: 'the host’s kernel in trouble after the start',
    run: () => canMask().append('host.dmesg', '[ 9999.000000] Kernel panic - not syncing: made up\n'),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
];
