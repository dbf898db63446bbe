/** Every control of this failure's rules turns its finding red, and none is dressed as another verdict. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/verdict/judge.ts';
import { type FindingId, findingsOf } from '../../../../src/verdict/types.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';
import { controls, hang, late, reset, traffic, unplug, witness } from './controls.ts';

describe('controls', () => {
  test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding, remedy }) => {
    const found = run().judge();
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
    const run = controls.find((c) => c.finding === 'pf-recovery-failed')!.run();
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
