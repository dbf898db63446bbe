/**
 * A control for every rule: a healthy or failing recording with one thing spoiled, and the finding that must
 * come of it. What is spoiled must never be dressed as one of the other two verdicts.
 */
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { InvariantPlan } from '../../../../src/lab/plan.ts';
import type { Control } from '../../control.ts';
import { TwoTraces } from '../../ledger-traces.ts';
import { stored } from '../../stored-run.ts';

export const hang = () => stored('hang-6.12');
export const unplug = () => stored('unplug-6.12');
export const reset = () => stored('reset-vm-6.12');
const correctable = () => stored('correctable-6.12');

export const witness = (moment: string, name: string | undefined, alive: boolean) => (event: HarnessEvent) =>
  event.kind === 'witness' && event.moment === moment && (!name || event.witness === name)
    ? { ...event, alive }
    : event;
export const traffic = (id: string, moment: string, received: number) => (event: HarnessEvent) =>
  event.kind === 'traffic' && event.id === id && event.moment === moment ? { ...event, received } : event;
const without =
  (kind: string, more: Partial<HarnessEvent> = {}) =>
  (event: HarnessEvent) =>
    event.kind === kind && Object.entries(more).every(([k, v]) => event[k as keyof HarnessEvent] === v)
      ? undefined
      : event;

/** What the record says ran the host's instructions. */
export const on = (accelerator: 'kvm' | 'tcg') => (event: HarnessEvent) =>
  event.kind === 'versions' && event.machine === 'host' ? { ...event, accelerator } : event;

/** Last stamp of the host's log in the recordings is below this. */
export const late = (text: string) => `99.000000 [   98.000000] ${text}\n`;

/** An interrupt on its way while its irq is freed and requested anew. */
const freed = new TwoTraces().config(36, 0, 37).mark().wait(0.01);
freed.whole(36, 0, 37).message(0, 37).wait(50e-6);
freed.trace(1, 'vector_clear: irq=36 vector=37 cpu=0 prev_vector=0 prev_cpu=0', 'd..2.');
freed.accept(0, 37).config(36, 0, 239).config(36, 0, 37).wait(0.01).whole(36, 0, 37).end();

/** One interrupt handled, one not. */
const lossy = new TwoTraces().config(36, 0, 37).mark().wait(0.01);
lossy.whole(36, 0, 37).message(0, 37).accept(0, 37).wait(0.01).whole(36, 0, 37).end();

const answers: InvariantPlan = {
  ...{ id: 'vm0-answers', kind: 'guest-answers', guest: 'vm0', everyMs: 2000, withinMs: 10_000 },
};
const balance: InvariantPlan = { ...answers, id: 'ledger-balanced', kind: 'ledger-balanced' };
const checks = (...held: boolean[]) =>
  held
    .map((one, i) => ({
      t: 98 + i / 10,
      kind: 'invariant',
      id: 'vm0-answers',
      held: one,
      answer: 'x',
      t0: 98 + i / 10,
    }))
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');

export const controls: Control[] = [
  {
    name: 'nobody injected anything',
    run: () => hang().events(without('injected')),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'nobody proved the fault',
    run: () => hang().events(without('proof', { stage: 'injected' } as Partial<HarnessEvent>)),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the harness could not prove it',
    run: () =>
      correctable().events((e) =>
        e.kind === 'proof' && e.stage === 'injected' ? { ...e, proved: false } : e,
      ),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the kernel reported another severity',
    run: () => hang().hostLog(/\(Non-Fatal\) error message/, '(Fatal) error message'),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the kernel reported another function',
    run: () => hang().hostLog(/received from 0000:01:00.0/, 'received from 0000:01:10.0'),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the report is older than the injection',
    run: () => hang().events((e) => (e.kind === 'injected' ? { ...e, t0: e.t0 + 5 } : e)),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the run broke',
    run: () =>
      hang().append(
        'events.ndjson',
        '{"t":99,"kind":"broke","code":"QEMU_DIED","message":"QEMU died","phase":"heal"}\n',
      ),
    verdict: 'inconclusive',
    finding: 'run-broke',
  },
  {
    name: 'the emulator broke',
    run: () => hang().append('host.stderr', "1.0 qemu: iotlb_to_section: Assertion `x < y' failed.\n"),
    verdict: 'inconclusive',
    finding: 'emulator-broke',
  },
  {
    name: 'the emulated CPU ran a breakpoint that was there no more',
    run: () =>
      unplug().events(on('tcg')).append('host.serial', late('Oops: int3: 0000 [#1] PREEMPT SMP NOPTI')),
    verdict: 'inconclusive',
    finding: 'emulator-broke',
  },
  {
    name: 'a real CPU ran a breakpoint that nobody set: that is the kernel',
    run: () =>
      unplug().events(on('kvm')).append('host.serial', late('Oops: int3: 0000 [#1] PREEMPT SMP NOPTI')),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'an interrupt of the host that reached a CPU and no handler, of which no log says a word',
    run: () =>
      unplug()
        .append('host.qemu-trace', lossy.qemu.join('\n'))
        .append('host.vectors', lossy.kernel.join('\n')),
    verdict: 'inconclusive',
    finding: 'interrupt-unhandled',
  },
  {
    name: 'an interrupt that was on its way while its irq was freed and requested again',
    run: () =>
      unplug()
        .append('host.qemu-trace', freed.qemu.join('\n'))
        .append('host.vectors', freed.kernel.join('\n')),
    verdict: 'clean',
    finding: 'interrupt-discarded',
    remedy: 'prevented',
  },
  {
    name: 'no QMP of the guest',
    run: () => unplug().delete('vm0.qmp'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'no kernel log of the host',
    run: () => hang().delete('host.serial').delete('host.dmesg'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'no events at all',
    run: () => hang().delete('events.ndjson'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'a witness was not asked',
    run: () =>
      hang().events(
        without('witness', { witness: 'serial', moment: 'after-fault' } as Partial<HarnessEvent>),
      ),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'the record ends in the middle of a line',
    run: () => hang().replace('events.ndjson', /\n[^\n]*\n$/, '\n{"t":27,"ki'),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'the record ends before its last phase does',
    run: () => unplug().events(without('phase', { phase: 'collect', state: 'end' } as Partial<HarnessEvent>)),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'the QMP record is cut',
    run: () => unplug().append('vm0.qmp', '{"t":50,"dir":"in","msg":{"event":"ST'),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'one witness says that the stopped guest lives',
    run: () => hang().events(witness('after-fault', 'ssh', true)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'one witness says that the running guest is dead',
    run: () => unplug().events(witness('after-fault', 'serial', false)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'one witness says at the end that the running guest is dead',
    run: () => unplug().events(witness('end', 'serial', false)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'all witnesses say that the stopped guest lives',
    run: () => hang().events(witness('after-fault', undefined, true)),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'QEMU was told, but there is no STOP',
    run: () => hang().drop('vm0.qmp', /"STOP"/),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'a STOP without any word of vfio',
    run: () => hang().delete('vm0.stderr'),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'the guest died of something else',
    run: () => unplug().events(witness('after-fault', undefined, false)),
    verdict: 'inconclusive',
    finding: 'guest-lost',
  },
  {
    name: 'the VM of another function was stopped',
    run: () =>
      hang().events((e) =>
        e.kind === 'functions'
          ? { ...e, functions: e.functions.map((f) => (f.isVf ? { ...f, bdf: '0000:02:10.0' } : f)) }
          : e,
      ),
    verdict: 'inconclusive',
    finding: 'wrong-vms-stopped',
  },
  {
    name: 'a VM that holds an asked function was not stopped',
    run: () => unplug().drop('vm0.qmp', /DEVICE_DELETED/),
    verdict: 'inconclusive',
    finding: 'wrong-vms-stopped',
  },
  {
    name: 'the kernel says that the recovery failed, without a reason',
    run: () => unplug().hostLog(/recovery successful/, 'recovery failed'),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'the kernel never ends its recovery',
    run: () =>
      unplug()
        .drop('host.serial', /recovery successful/)
        .drop('host.dmesg', /recovery successful/),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'a departure from the model next to a proved failure stays a finding',
    run: () => hang().hostLog(/recovery successful/, 'recovery failed'),
    verdict: 'reproduced',
    finding: 'unexpected-event',
  },
  {
    name: 'an error of a function that nobody knows',
    run: () =>
      unplug().append(
        'host.serial',
        late('pcieport 0000:00:09.0: AER: Correctable error message received from 0000:09:00.0'),
      ),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'a console alone cannot show that a line is missing',
    run: () =>
      unplug()
        .delete('host.dmesg')
        .drop('host.serial', /recovery successful/),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'an unbound VF makes the recovery fail, as the model says',
    run: () =>
      hang()
        .events((e) =>
          e.kind === 'functions'
            ? {
                ...e,
                functions: [
                  ...e.functions,
                  {
                    ...e.functions.at(-1)!,
                    name: 'nic0.vf1',
                    bdf: '0000:01:10.2',
                    driver: undefined as never,
                  },
                ],
              }
            : e,
        )
        .drop('host.serial', /broadcast (mmio|resume)/)
        .drop('host.dmesg', /broadcast (mmio|resume)/)
        .hostLog(
          /(\[ {3}\d+\.\d+\] )pcieport 0000:00:04.0: AER: device recovery successful/,
          "$1pci 0000:01:10.2: AER: can't recover (no error_detected callback)\n99.0 [   17.999999] pcieport 0000:00:04.0: AER: device recovery failed",
        )
        .replace('host.dmesg', /\n99\.0 /, '\n'),
    verdict: 'reproduced',
    finding: 'pf-recovery-failed',
  },
  {
    name: 'an oops on the host after the fault',
    run: () =>
      unplug().append('host.serial', late('BUG: unable to handle page fault for address: 0000000000000010')),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'a warning in the guest after the fault',
    run: () => correctable().append('vm0.serial', late('WARNING: CPU: 0 PID: 1 at kernel/irq/matrix.c:370')),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'a warning before the fault is told, and is not the fault’s work',
    run: () =>
      hang().replace(
        'host.dmesg',
        /(\[ {4}4\.\d+\]) vflab-marker/,
        '$1 WARNING: CPU: 0 PID: 1 at x.c:1\n$1 vflab-marker',
      ),
    verdict: 'reproduced',
    finding: 'kernel-trouble',
  },
  {
    name: 'the PF does not work afterwards',
    run: () => unplug().events(traffic('host-pf', 'end', 0)),
    verdict: 'inconclusive',
    finding: 'pf-broken',
  },
  {
    name: 'the PF does not work afterwards, and the VM was stopped',
    run: () => hang().events(traffic('host-pf', 'end', 0)),
    verdict: 'reproduced',
    finding: 'pf-broken',
  },
  {
    name: 'the PF works when it is looked at, but its watchdog had to reset it first',
    run: () =>
      unplug().replace(
        'host.dmesg',
        /^.*AER: device recovery successful.*$/m,
        '$&\n[   26.000000] igb 0000:01:00.0 eth0: Reset adapter',
      ),
    verdict: 'clean',
    remedy: 'prevented',
    finding: 'pf-broken',
  },
  {
    name: 'the guest lives but its VF does not work',
    run: () => unplug().events(traffic('guest-vf', 'end', 0)),
    verdict: 'inconclusive',
    finding: 'traffic-lost',
  },
  {
    name: 'some packets are lost',
    run: () => unplug().events(traffic('guest-vf', 'end', 2)),
    verdict: 'clean',
    finding: 'traffic-lossy',
    remedy: 'prevented',
  },
  {
    name: 'nothing worked before the fault',
    run: () => hang().events(traffic('guest-vf', 'before-fault', 0)),
    verdict: 'inconclusive',
    finding: 'no-baseline',
  },
  {
    name: 'the status is still set after healing',
    run: () =>
      hang().events((e) => (e.kind === 'proof' && e.stage === 'healed' ? { ...e, proved: false } : e)),
    verdict: 'reproduced',
    finding: 'fault-not-healed',
  },
  {
    name: 'an invariant of the lab did not hold at one of its checks',
    run: () =>
      unplug()
        .demands(answers)
        .append('events.ndjson', checks(true, false, true)),
    verdict: 'inconclusive',
    finding: 'invariant-broken',
  },
  {
    name: 'an invariant was checked too slowly to tell, once',
    run: () =>
      unplug()
        .demands(answers)
        .append(
          'events.ndjson',
          checks(true, false, true).replace('"held":false', '"held":false,"late":true'),
        ),
    verdict: 'clean',
    finding: 'invariant-late',
    remedy: 'prevented',
  },
  {
    name: 'an invariant of the lab was never checked',
    run: () => unplug().demands(answers),
    verdict: 'inconclusive',
    finding: 'invariant-unchecked',
  },
  {
    name: 'the ledger has to balance, and nobody kept one',
    run: () => unplug().demands(balance),
    verdict: 'inconclusive',
    finding: 'invariant-unchecked',
  },
  {
    name: 'the clock drifted',
    run: () =>
      hang().events((e) =>
        e.kind === 'clock-marker' && e.machine === 'host' && e.t0 < 10
          ? { ...e, t0: e.t0 - 3, t1: e.t1 - 3 }
          : e,
      ),
    verdict: 'reproduced',
    finding: 'clock-uncertain',
  },
  {
    name: 'nothing shows that the remedy was carried out',
    run: () =>
      reset()
        .events(without('remedy'))
        .drop('vm0.qmp', /system_reset/),
    verdict: 'inconclusive',
    finding: 'remedy-unproved',
  },
];
