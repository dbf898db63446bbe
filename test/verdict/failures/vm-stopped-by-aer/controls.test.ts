/**
 * A control for every rule: a healthy or failing recording with one thing spoiled, and the finding that must
 * come of it. What is spoiled must never be dressed as one of the other two verdicts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { InvariantPlan } from '../../../../src/lab/plan.ts';
import { judge } from '../../../../src/verdict/judge.ts';
import { type FindingId, findingsOf } from '../../../../src/verdict/types.ts';
import { TwoTraces } from '../../ledger-traces.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const hang = () => stored('hang-6.12');
const unplug = () => stored('unplug-6.12');
const reset = () => stored('reset-vm-6.12');
const correctable = () => stored('correctable-6.12');

const witness = (moment: string, name: string | undefined, alive: boolean) => (event: HarnessEvent) =>
  event.kind === 'witness' && event.moment === moment && (!name || event.witness === name)
    ? { ...event, alive }
    : event;
const traffic = (id: string, moment: string, received: number) => (event: HarnessEvent) =>
  event.kind === 'traffic' && event.id === id && event.moment === moment ? { ...event, received } : event;
const without =
  (kind: string, more: Partial<HarnessEvent> = {}) =>
  (event: HarnessEvent) =>
    event.kind === kind && Object.entries(more).every(([k, v]) => event[k as keyof HarnessEvent] === v)
      ? undefined
      : event;

/** What the record says ran the host's instructions. */
const on = (accelerator: 'kvm' | 'tcg') => (event: HarnessEvent) =>
  event.kind === 'versions' && event.machine === 'host' ? { ...event, accelerator } : event;

/** Last stamp of the host's log in the recordings is below this. */
const late = (text: string) => `99.000000 [   98.000000] ${text}\n`;

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
      t0: 98,
    }))
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');

interface Control {
  name: string;
  run: StoredRunCopy;
  verdict: 'reproduced' | 'clean' | 'inconclusive';
  finding: FindingId;
  remedy?: string | undefined;
}

const controls: Control[] = [
  {
    name: 'nobody injected anything',
    run: hang().events(without('injected')),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'nobody proved the fault',
    run: hang().events(without('proof', { stage: 'injected' } as Partial<HarnessEvent>)),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the harness could not prove it',
    run: correctable().events((e) =>
      e.kind === 'proof' && e.stage === 'injected' ? { ...e, proved: false } : e,
    ),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the kernel reported another severity',
    run: hang().hostLog(/\(Non-Fatal\) error message/, '(Fatal) error message'),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the kernel reported another function',
    run: hang().hostLog(/received from 0000:01:00.0/, 'received from 0000:01:10.0'),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the report is older than the injection',
    run: hang().events((e) => (e.kind === 'injected' ? { ...e, t0: e.t0 + 5 } : e)),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the run broke',
    run: hang().append(
      'events.ndjson',
      '{"t":99,"kind":"broke","code":"QEMU_DIED","message":"QEMU died","phase":"heal"}\n',
    ),
    verdict: 'inconclusive',
    finding: 'run-broke',
  },
  {
    name: 'the emulator broke',
    run: hang().append('host.stderr', "1.0 qemu: iotlb_to_section: Assertion `x < y' failed.\n"),
    verdict: 'inconclusive',
    finding: 'emulator-broke',
  },
  {
    name: 'the emulated CPU ran a breakpoint that was there no more',
    run: unplug().events(on('tcg')).append('host.serial', late('Oops: int3: 0000 [#1] PREEMPT SMP NOPTI')),
    verdict: 'inconclusive',
    finding: 'emulator-broke',
  },
  {
    name: 'a real CPU ran a breakpoint that nobody set: that is the kernel',
    run: unplug().events(on('kvm')).append('host.serial', late('Oops: int3: 0000 [#1] PREEMPT SMP NOPTI')),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'an interrupt of the host that reached a CPU and no handler, of which no log says a word',
    run: unplug()
      .append('host.qemu-trace', lossy.qemu.join('\n'))
      .append('host.vectors', lossy.kernel.join('\n')),
    verdict: 'inconclusive',
    finding: 'interrupt-unhandled',
  },
  {
    name: 'no QMP of the guest',
    run: unplug().delete('vm0.qmp'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'no kernel log of the host',
    run: hang().delete('host.serial').delete('host.dmesg'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'no events at all',
    run: hang().delete('events.ndjson'),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'a witness was not asked',
    run: hang().events(
      without('witness', { witness: 'serial', moment: 'after-fault' } as Partial<HarnessEvent>),
    ),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'the record ends in the middle of a line',
    run: hang().replace('events.ndjson', /\n[^\n]*\n$/, '\n{"t":27,"ki'),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'the record ends before its last phase does',
    run: unplug().events(without('phase', { phase: 'collect', state: 'end' } as Partial<HarnessEvent>)),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'the QMP record is cut',
    run: unplug().append('vm0.qmp', '{"t":50,"dir":"in","msg":{"event":"ST'),
    verdict: 'inconclusive',
    finding: 'evidence-cut',
  },
  {
    name: 'one witness says that the stopped guest lives',
    run: hang().events(witness('after-fault', 'ssh', true)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'one witness says that the running guest is dead',
    run: unplug().events(witness('after-fault', 'serial', false)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'one witness says at the end that the running guest is dead',
    run: unplug().events(witness('end', 'serial', false)),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'all witnesses say that the stopped guest lives',
    run: hang().events(witness('after-fault', undefined, true)),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'QEMU was told, but there is no STOP',
    run: hang().drop('vm0.qmp', /"STOP"/),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'a STOP without any word of vfio',
    run: hang().delete('vm0.stderr'),
    verdict: 'inconclusive',
    finding: 'evidence-contradicts',
  },
  {
    name: 'the guest died of something else',
    run: unplug().events(witness('after-fault', undefined, false)),
    verdict: 'inconclusive',
    finding: 'guest-lost',
  },
  {
    name: 'the VM of another function was stopped',
    run: hang().events((e) =>
      e.kind === 'functions'
        ? { ...e, functions: e.functions.map((f) => (f.isVf ? { ...f, bdf: '0000:02:10.0' } : f)) }
        : e,
    ),
    verdict: 'inconclusive',
    finding: 'wrong-vms-stopped',
  },
  {
    name: 'a VM that holds an asked function was not stopped',
    run: unplug().drop('vm0.qmp', /DEVICE_DELETED/),
    verdict: 'inconclusive',
    finding: 'wrong-vms-stopped',
  },
  {
    name: 'the kernel says that the recovery failed, without a reason',
    run: unplug().hostLog(/recovery successful/, 'recovery failed'),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'the kernel never ends its recovery',
    run: unplug()
      .drop('host.serial', /recovery successful/)
      .drop('host.dmesg', /recovery successful/),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'a departure from the model next to a proved failure stays a finding',
    run: hang().hostLog(/recovery successful/, 'recovery failed'),
    verdict: 'reproduced',
    finding: 'unexpected-event',
  },
  {
    name: 'an error of a function that nobody knows',
    run: unplug().append(
      'host.serial',
      late('pcieport 0000:00:09.0: AER: Correctable error message received from 0000:09:00.0'),
    ),
    verdict: 'inconclusive',
    finding: 'unexpected-event',
  },
  {
    name: 'a console alone cannot show that a line is missing',
    run: unplug()
      .delete('host.dmesg')
      .drop('host.serial', /recovery successful/),
    verdict: 'inconclusive',
    finding: 'evidence-missing',
  },
  {
    name: 'an unbound VF makes the recovery fail, as the model says',
    run: hang()
      .events((e) =>
        e.kind === 'functions'
          ? {
              ...e,
              functions: [
                ...e.functions,
                { ...e.functions.at(-1)!, name: 'nic0.vf1', bdf: '0000:01:10.2', driver: undefined as never },
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
    run: unplug().append(
      'host.serial',
      late('BUG: unable to handle page fault for address: 0000000000000010'),
    ),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'a warning in the guest after the fault',
    run: correctable().append('vm0.serial', late('WARNING: CPU: 0 PID: 1 at kernel/irq/matrix.c:370')),
    verdict: 'inconclusive',
    finding: 'kernel-trouble',
  },
  {
    name: 'a warning before the fault is told, and is not the fault’s work',
    run: hang().replace(
      'host.dmesg',
      /(\[ {4}4\.\d+\]) vflab-marker/,
      '$1 WARNING: CPU: 0 PID: 1 at x.c:1\n$1 vflab-marker',
    ),
    verdict: 'reproduced',
    finding: 'kernel-trouble',
  },
  {
    name: 'the PF does not work afterwards',
    run: unplug().events(traffic('host-pf', 'end', 0)),
    verdict: 'inconclusive',
    finding: 'pf-broken',
  },
  {
    name: 'the PF does not work afterwards, and the VM was stopped',
    run: hang().events(traffic('host-pf', 'end', 0)),
    verdict: 'reproduced',
    finding: 'pf-broken',
  },
  {
    name: 'the guest lives but its VF does not work',
    run: unplug().events(traffic('guest-vf', 'end', 0)),
    verdict: 'inconclusive',
    finding: 'traffic-lost',
  },
  {
    name: 'some packets are lost',
    run: unplug().events(traffic('guest-vf', 'end', 2)),
    verdict: 'clean',
    finding: 'traffic-lossy',
    remedy: 'prevented',
  },
  {
    name: 'nothing worked before the fault',
    run: hang().events(traffic('guest-vf', 'before-fault', 0)),
    verdict: 'inconclusive',
    finding: 'no-baseline',
  },
  {
    name: 'the status is still set after healing',
    run: hang().events((e) => (e.kind === 'proof' && e.stage === 'healed' ? { ...e, proved: false } : e)),
    verdict: 'reproduced',
    finding: 'fault-not-healed',
  },
  {
    name: 'an invariant of the lab did not hold at one of its checks',
    run: unplug()
      .demands(answers)
      .append('events.ndjson', checks(true, false, true)),
    verdict: 'inconclusive',
    finding: 'invariant-broken',
  },
  {
    name: 'an invariant of the lab was never checked',
    run: unplug().demands(answers),
    verdict: 'inconclusive',
    finding: 'invariant-unchecked',
  },
  {
    name: 'the ledger has to balance, and nobody kept one',
    run: unplug().demands(balance),
    verdict: 'inconclusive',
    finding: 'invariant-unchecked',
  },
  {
    name: 'the clock drifted',
    run: hang().events((e) =>
      e.kind === 'clock-marker' && e.machine === 'host' && e.t0 < 10
        ? { ...e, t0: e.t0 - 3, t1: e.t1 - 3 }
        : e,
    ),
    verdict: 'reproduced',
    finding: 'clock-uncertain',
  },
  {
    name: 'nothing shows that the remedy was carried out',
    run: reset()
      .events(without('remedy'))
      .drop('vm0.qmp', /system_reset/),
    verdict: 'inconclusive',
    finding: 'remedy-unproved',
  },
];

describe('controls', () => {
  test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding, remedy }) => {
    const found = run.judge();
    expect([found.verdict, found.findings.map((f) => f.id)]).toEqual([
      verdict,
      expect.arrayContaining([finding]),
    ]);
    expect(found.remedy).toBe(remedy);
    if (verdict === 'inconclusive') {
      expect(found.chain).toEqual([]);
      expect(found.reason.length).toBeGreaterThan(10);
    }
  });

  test('every finding has a control or a recording that shows it', () => {
    const recorded: FindingId[] = [
      'fault-proved',
      'vm-stopped-by-aer',
      'pf-recovered',
      'error-reported-only',
      'guest-silent',
      'guest-restored',
    ];
    expect(new Set([...controls.map((c) => c.finding), ...recorded])).toEqual(
      new Set([...findingsOf.any, ...findingsOf.machines, ...findingsOf['vm-stopped-by-aer']]),
    );
  });
});

describe('the trace of the error handlers', () => {
  const nvme = () => stored('nvme-hang-6.12');
  const spoiled: [string, StoredRunCopy, RegExp, string][] = [
    [
      'an answer that the driver cannot give',
      nvme().replace('host.trace', /answer=2/, 'answer=3'),
      /answer need-reset of nvme/,
      'AER-O2',
    ],
    [
      'a function that is not on the bus',
      nvme().replace('host.trace', /devfn=1 /, 'devfn=9 '),
      /not on this bus/,
      'AER-WALK',
    ],
    [
      'a driver that does not have the function',
      nvme().replace('host.trace', /vfio_pci__error_detected: /, 'igbvf__error_detected: '),
      /not on this bus/,
      'AER-WALK',
    ],
    [
      'a function that was left out',
      nvme().drop('host.trace', /nvme__error_detected.* devfn=1 /),
      /never asked for 0000:01:00.1/,
      'AER-WALK',
    ],
    [
      'a reset that nobody asked for',
      nvme().replace('host.trace', /nvme__resume: /, 'nvme__slot_reset: '),
      /nobody needed a reset/,
      'AER-ORDER',
    ],
    [
      'the wrong order',
      nvme()
        .replace('host.trace', /devfn=0 /, 'devfn=X ')
        .replace('host.trace', /devfn=1 /, 'devfn=0 ')
        .replace('host.trace', 'devfn=X ', 'devfn=1 '),
      /out of bus order/,
      'AER-ORDER',
    ],
  ];
  test.each(spoiled)('%s', (_, run, message, rule) => {
    const verdict = run.judge();
    const finding = verdict.findings.find((f) => f.id === 'unexpected-event');
    expect(finding?.text).toMatch(message);
    expect(finding).toMatchObject({ rule, severity: 'error' });
    // The failure is there all the same, with its own three proofs.
    expect(verdict.verdict).toBe('reproduced');
  });

  test('a ring that lost events cannot show that somebody was left out', () => {
    const run = nvme()
      .drop('host.trace', /nvme__error_detected.* devfn=1 /)
      .append('host.trace', 'CPU:0 [LOST 3 EVENTS]\n');
    expect(run.judge().findings.map((f) => f.id)).not.toContain('unexpected-event');
  });

  test('a trace cut in the middle of an answer, or with none at all, only makes steps inferred', () => {
    const half = nvme()
      .drop('host.trace', /__answer/)
      .judge();
    expect(half.chain[2]).toMatchObject({ seen: false });
    const none = nvme().delete('host.trace').judge();
    expect(none.chain.filter((step) => !step.seen)).toHaveLength(2);
    expect(none.verdict).toBe('reproduced');
  });
});

test('a function whose first step is to be plugged was not held before', () => {
  const run = hang();
  const phase = {
    name: 'x',
    title: 'x',
    budgetMs: 1,
    actions: [{ do: 'plug', guest: 'vm0', function: 'nic0.vf0' } as const],
  };
  run.plan = { ...run.plan, phases: [phase, ...run.plan.phases] };
  run.append('events.ndjson', '{"t":99,"kind":"phase","phase":"x","state":"end","title":"x"}\n');
  // It was never plugged in, so a stop because of it contradicts the record.
  expect(run.judge().findings.map((f) => f.id)).toContain('wrong-vms-stopped');
});

describe('two faults', () => {
  test('the guest is stopped by the first that reaches it: told once', () => {
    const run = hang();
    run.plan = { ...run.plan, faults: { ...run.plan.faults, again: Object.values(run.plan.faults)[0]! } };
    run.plan.phases = run.plan.phases.map((phase) =>
      phase.name === 'fault'
        ? { ...phase, actions: [...phase.actions, { do: 'inject', fault: 'again' }] }
        : phase,
    );
    const events = run.contents.get('events.ndjson')!.split('\n');
    const second = events
      .filter((line) => /"kind":"(?:injected|proof)"/.test(line))
      .map((line) => line.replaceAll('completer-abort', 'again'));
    run.append('events.ndjson', `${second.join('\n')}\n`);
    const verdict = run.judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.chain.filter((step) => step.text.startsWith('QEMU of vm0 learns'))).toHaveLength(1);
  });
});

test('a run that broke gives that as its reason, and not what is missing because of it', () => {
  const run = hang().events((e) => (e.t > 15 ? undefined : e));
  run.append(
    'events.ndjson',
    '{"t":16,"kind":"broke","code":"DEADLINE","message":"did not finish","phase":"check-before"}\n',
  );
  const verdict = run.judge();
  expect(verdict.findings.filter((f) => f.severity === 'infrastructure').map((f) => f.id)).toEqual([
    'run-broke',
  ]);
  expect(verdict.reason).toContain('DEADLINE');
});

describe('the veto is named', () => {
  test('with the function, its driver and the rule', () => {
    const run = controls.find((c) => c.finding === 'pf-recovery-failed')!.run;
    const finding = run.judge().findings.find((f) => f.id === 'pf-recovery-failed');
    expect(finding?.text).toContain('nic0.vf1 (0000:01:10.2) is bound to no driver');
    expect(finding?.rule).toBe('AER-O2');
    expect(run.judge().findings.map((f) => f.id)).not.toContain('unexpected-event');
  });
});

describe('the remedy', () => {
  test('a guest that QEMU resumed but that does not answer is not cured', () => {
    const verdict = reset()
      .events(witness('end', undefined, false))
      .judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', remedy: 'no-effect', asExpected: false });
  });

  test('a guest that lives again with a dead VF is not cured', () => {
    const verdict = reset()
      .events(traffic('guest-vf', 'end', 0))
      .judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', remedy: 'no-effect' });
    expect(verdict.findings.map((f) => f.id)).toContain('traffic-lost');
  });

  test('a guest that was never resumed is not cured', () => {
    const run = reset();
    const lines = run.contents.get('vm0.qmp')!.split('\n');
    const last = lines.findLastIndex((line) => line.includes('"RESUME"'));
    run.contents.set('vm0.qmp', lines.filter((_, i) => i !== last).join('\n'));
    expect(run.judge()).toMatchObject({ verdict: 'reproduced', remedy: 'no-effect' });
  });
});

describe('the comparison with what was expected', () => {
  test('names every difference', () => {
    const run = hang();
    run.plan = {
      ...run.plan,
      expect: { verdict: 'clean', remedy: 'prevented', findings: ['pf-recovered', 'pf-broken'] },
    };
    expect(run.judge()).toMatchObject({
      asExpected: false,
      differences: [
        'expected clean, found reproduced',
        'expected the remedy to have prevented, found no effect that can be told',
        'expected the finding pf-broken, not there',
      ],
    });
  });
});

test('judge never throws and never claims, whatever the files hold', () => {
  const { plan } = hang();
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('{"t":1,"kind":"witness"}\n', '{"t":1,"kind":"functions"}\n', '[    1.0'),
  );
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom('events.ndjson', 'host.serial', 'host.dmesg', 'vm0.qmp', 'vm0.stderr'),
        text,
      ),
      (files) => {
        expect(judge({ plan, files: (name) => files[name] }).verdict).toBe('inconclusive');
      },
    ),
    { numRuns: 150 },
  );
});

test('a cut that leaves JSON behind is no event', () => {
  const run = unplug().replace('events.ndjson', /"output":"(?=[^\n]*"kind":"traffic"|PING)/, '"outpu":"');
  expect(run.judge()).toMatchObject({ verdict: 'inconclusive' });
  expect(run.judge().findings.map((f) => f.id)).toContain('evidence-cut');
});

test('a clean recording with bytes cut out never becomes reproduced', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('events.ndjson', 'host.serial', 'host.dmesg', 'vm0.qmp'),
      fc.nat(),
      fc.nat(),
      (file, from, length) => {
        const run = unplug();
        const text = run.contents.get(file)!;
        const at = from % text.length;
        run.contents.set(file, text.slice(0, at) + text.slice(at + 1 + (length % 2000)));
        expect(run.judge().verdict).not.toBe('reproduced');
      },
    ),
    { numRuns: 150 },
  );
});

test('a QEMU newer than the model knows may leave the VM running: a warning, not an error', () => {
  const run = unplug().drop('vm0.qmp', /DEVICE_DELETED/);
  run.events((e) => (e.kind === 'versions' && e.qemu ? { ...e, qemu: 'QEMU emulator version 12.0.0' } : e));
  const verdict = run.judge();
  expect(verdict.findings.find((f) => f.id === 'wrong-vms-stopped')?.severity).toBe('warning');
  expect(verdict.verdict).toBe('clean');
});

test('a stall of a slow machine is told, and spoils nothing', () => {
  const verdict = unplug()
    .append('host.serial', late('rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'))
    .judge();
  expect(verdict.findings.find((f) => f.id === 'kernel-trouble')?.severity).toBe('warning');
  expect(verdict.verdict).toBe('clean');
});

test('a line that the console shows cut, or with a login prompt behind it, is read from the ring buffer', () => {
  const cut = hang()
    .replace('host.serial', /recovery successful/, 'recov')
    .judge();
  const spoiled = hang()
    .replace('host.serial', /(recovery successful)/, '$1vflab login:')
    .judge();
  for (const verdict of [cut, spoiled]) {
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.findings.map((f) => f.id)).not.toContain('unexpected-event');
  }
  expect(cut.findings.find((f) => f.id === 'pf-recovered')?.evidence[0]?.file).toBe('host.dmesg');
});

test('a real recording with bytes cut out never becomes clean', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('events.ndjson', 'host.serial', 'host.dmesg', 'vm0.qmp', 'vm0.stderr'),
      fc.nat(),
      fc.nat(),
      (file, from, length) => {
        const run = hang();
        const text = run.contents.get(file)!;
        const at = from % text.length;
        run.contents.set(file, text.slice(0, at) + text.slice(at + 1 + (length % 2000)));
        expect(run.judge().verdict).not.toBe('clean');
      },
    ),
    { numRuns: 150 },
  );
});
