/** The worked cases of docs: each log explained, and each with one line changed refused by the right rule. */
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/model/aer/explain.ts';
import type { Observation } from '../../src/model/aer/observation.ts';
import { predict } from '../../src/model/aer/predict.ts';
import type { Episode, Severity, WalkedFunction } from '../../src/model/aer/types.ts';
import { kernelFeatures, kernelVersion } from '../../src/model/features.ts';

const pf = '0000:01:00.0';
const port = '0000:00:02.0';
const vfs = ['0000:01:10.0', '0000:01:10.2'];

function fn(bdf: string, driver: string | undefined, more: Partial<WalkedFunction> = {}): WalkedFunction {
  return {
    bdf,
    isVf: bdf !== pf,
    isBridge: false,
    disconnected: false,
    ...(driver ? { driver } : {}),
    ...more,
  };
}

function episode(
  severity: Severity,
  vfDriver: string | undefined,
  release = '6.12.95',
  pfDriver = 'igb',
): Episode {
  const walk = [
    fn(pf, pfDriver),
    ...vfs.map((vf, i) => fn(vf, vfDriver, vfDriver === 'vfio-pci' ? { heldBy: `vm${i}` } : {})),
  ];
  return { severity, source: pf, port, bridge: port, walk, features: kernelFeatures(kernelVersion(release)) };
}

const report = (severity: Severity): Observation => ({
  kind: 'report',
  source: pf,
  severity,
  noDetails: false,
});
const head = (severity: Severity = 'non-fatal', device = pf): Observation[] => [
  report(severity),
  { kind: 'device', device, severity, inaccessible: false },
  { kind: 'status', device },
  { kind: 'bit', device },
];
const gone: Observation[] = [
  report('fatal'),
  { kind: 'device', device: pf, severity: 'fatal', inaccessible: true },
];
const igbWarns: Observation = { kind: 'driver', device: pf, what: 'detected-normal' };
const veto = (device: string): Observation => ({ kind: 'cannot-recover', device, why: 'no-callback' });
const end = (recovered: boolean): Observation => ({ kind: 'end', recovered });
const broadcast = (stage: 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume'): Observation => ({
  kind: 'broadcast',
  stage,
});
const reset = (result: number): Observation => ({ kind: 'reset', result });

describe('explained', () => {
  test.each(['6.1.170', '6.12.95', '6.18.35'])('VFs by vfio-pci, non-fatal, %s: recovered', (release) => {
    const result = explain(episode('non-fatal', 'vfio-pci', release), [...head(), igbWarns, end(true)]);
    expect(result).toMatchObject({ explained: true, outcome: 'recovered', wasReset: false });
  });

  test('the broadcasts may be there, each once and in its place', () => {
    const log = [
      ...head(),
      broadcast('error_detected'),
      igbWarns,
      broadcast('mmio_enabled'),
      broadcast('resume'),
      end(true),
    ];
    expect(explain(episode('non-fatal', 'vfio-pci'), log).explained).toBe(true);
  });

  test('VFs unbound: both are named, the recovery fails', () => {
    const log = [...head(), igbWarns, veto(vfs[0]!), veto(vfs[1]!), end(false)];
    const result = explain(episode('non-fatal', undefined), log);
    expect(result).toMatchObject({ explained: true, outcome: 'failed' });
    if (result.explained)
      expect(result.votes.filter((v) => v.result === 'no-aer-driver').map((v) => v.bdf)).toEqual(vfs);
  });

  test('VFs by igbvf ask for a reset: slot_reset and resume without any reset', () => {
    const log = [
      ...head(),
      igbWarns,
      broadcast('slot_reset'),
      broadcast('resume'),
      { kind: 'driver', device: vfs[0]!, what: 'pf-still-resetting' } as const,
      end(true),
    ];
    expect(explain(episode('non-fatal', 'igbvf'), log)).toMatchObject({
      explained: true,
      outcome: 'recovered',
    });
  });

  test('fatal with a link that comes back', () => {
    const log = [...gone, reset(0), end(true)];
    expect(explain(episode('fatal', 'vfio-pci'), log)).toMatchObject({ explained: true, wasReset: true });
  });

  test('fatal with a link that stays down', () => {
    const log: Observation[] = [
      ...gone,
      { kind: 'link-inactive' },
      reset(-25),
      { kind: 'reset-failed' },
      end(false),
    ];
    expect(explain(episode('fatal', 'vfio-pci'), log)).toMatchObject({ explained: true, outcome: 'failed' });
  });

  test('a correctable error: nobody is asked', () => {
    expect(explain(episode('correctable', 'vfio-pci'), head('correctable'))).toMatchObject({
      explained: true,
      outcome: 'reported',
    });
  });

  test('no details: nobody is asked', () => {
    const log: Observation[] = [report('non-fatal'), { kind: 'no-details' }];
    expect(explain(episode('non-fatal', 'vfio-pci'), log)).toMatchObject({
      explained: true,
      outcome: 'reported',
    });
  });

  test('two sources: all are described first, then each is recovered', () => {
    const log = [...head(), ...head('non-fatal', vfs[0]!).slice(1), igbWarns, end(true), igbWarns, end(true)];
    expect(explain(episode('non-fatal', 'vfio-pci'), log)).toMatchObject({
      explained: true,
      outcome: 'recovered',
    });
  });

  test("a customer's 5.15: two ixgbe ports ask for a reset, a VF by vfio-pci does not", () => {
    const walk = [
      fn(pf, 'ixgbe'),
      fn('0000:01:00.1', 'ixgbe', { isVf: false }),
      fn(vfs[0]!, 'vfio-pci', { heldBy: 'vm' }),
    ];
    const customer = { ...episode('non-fatal', 'vfio-pci', '5.15.0'), walk };
    const log = [
      ...head(),
      broadcast('error_detected'),
      broadcast('slot_reset'),
      broadcast('resume'),
      end(true),
    ];
    expect(explain(customer, log)).toMatchObject({ explained: true, outcome: 'recovered' });
    expect(predict(customer).signals.map((f) => f.bdf)).toEqual([vfs[0]]);
    // mmio_enabled is skipped when someone asked for a reset.
    const wrong = [
      ...head(),
      broadcast('error_detected'),
      broadcast('mmio_enabled'),
      broadcast('slot_reset'),
      end(true),
    ];
    expect(explain({ ...customer, walk: [fn(pf, 'igbvf')] }, wrong)).toMatchObject({
      explained: false,
      index: 5,
    });
  });

  test('a driver that the model does not know may answer anything', () => {
    const strange = episode('non-fatal', 'vfio-pci', '6.12.95', 'mystery');
    for (const log of [
      [...head(), end(true)],
      [...head(), veto(pf), end(false)],
    ]) {
      expect(explain(strange, log).explained).toBe(true);
    }
  });

  test('a kernel of unknown version may behave like any', () => {
    const unknown = { ...episode('non-fatal', 'igbvf'), features: kernelFeatures(undefined) };
    expect(explain(unknown, [...head(), igbWarns, end(true)]).explained).toBe(true);
    expect(explain(unknown, [...head(), igbWarns, reset(0), end(true)]).explained).toBe(true);
  });
});

describe('refused, with the first line that cannot be and its rule', () => {
  const vfio = episode('non-fatal', 'vfio-pci');
  const cases: [string, Episode, Observation[], number, string][] = [
    [
      'success in spite of a veto',
      episode('non-fatal', undefined),
      [...head(), igbWarns, veto(vfs[0]!), veto(vfs[1]!), end(true)],
      7,
      'AER-O2',
    ],
    ['failure without a reason', vfio, [...head(), igbWarns, end(false)], 5, 'AER-O2'],
    ['the log stops before the end', vfio, [...head(), igbWarns], 5, 'AER-O1'],
    ['two ends', vfio, [...head(), igbWarns, end(true), end(true)], 6, 'AER-O1'],
    ['an end before anybody was asked', vfio, [report('non-fatal'), end(true)], 1, 'AER-O1'],
    [
      'a reset for a non-fatal error before 6.18',
      vfio,
      [...head(), igbWarns, reset(0), end(true)],
      5,
      'AER-O3',
    ],
    ['no reset for a fatal error', episode('fatal', 'vfio-pci'), [...gone, end(true)], 2, 'AER-O3'],
    [
      'success after a failed reset',
      episode('fatal', 'vfio-pci'),
      [...gone, reset(-25), { kind: 'reset-failed' }, end(true)],
      4,
      'AER-O4',
    ],
    [
      'no word of a failed reset',
      episode('fatal', 'vfio-pci'),
      [...gone, reset(-25), end(false)],
      3,
      'AER-O4',
    ],
    [
      'a dead link without a reset',
      vfio,
      [...head(), { kind: 'link-inactive' }, igbWarns, end(true)],
      4,
      'AER-O5',
    ],
    [
      'a veto of a driver that has a callback',
      vfio,
      [...head(), igbWarns, veto(vfs[0]!), end(false)],
      5,
      'AER-ORDER',
    ],
    ['igb that was not asked', vfio, [...head(), end(true)], 4, 'AER-O1'],
    [
      'vetoes out of bus order',
      episode('non-fatal', undefined),
      [...head(), igbWarns, veto(vfs[1]!), veto(vfs[0]!), end(false)],
      5,
      'AER-ORDER',
    ],
    ['details before the report', vfio, head().slice(1), 0, 'AER-ORDER'],
    [
      'a recovery after a correctable error',
      episode('correctable', 'vfio-pci'),
      [...head('correctable'), end(true)],
      4,
      'AER-O1',
    ],
    [
      'slot_reset without anyone asking for it',
      vfio,
      [...head(), igbWarns, broadcast('slot_reset'), end(true)],
      5,
      'AER-ORDER',
    ],
    [
      'an error of a function that is not on the bus',
      vfio,
      [report('non-fatal'), ...head('non-fatal', '0000:09:00.0').slice(1)],
      1,
      'AER-ORDER',
    ],
  ];
  test.each(cases)('%s', (_, of, log, index, rule) => {
    const result = explain(of, log);
    expect(result).toMatchObject({ explained: false, index, rule });
    if (!result.explained) expect(result.message).toMatch(/cannot follow here; the model allows ./);
  });

  test('the message names what was allowed and where the model stood', () => {
    const result = explain(vfio, [...head(), igbWarns, end(false)]);
    if (result.explained) throw new Error('explained');
    expect(result.allowed).toContain('"device recovery successful"');
    expect(result.message).toContain('"device recovery failed" cannot follow here');
  });
});

describe('predicted', () => {
  test('the VMs that stop are those that hold a function of the walk, for any uncorrectable error', () => {
    for (const severity of ['non-fatal', 'fatal'] as const) {
      expect(predict(episode(severity, 'vfio-pci')).signals.map((f) => f.heldBy)).toEqual(['vm0', 'vm1']);
    }
    expect(predict(episode('correctable', 'vfio-pci')).signals).toEqual([]);
    const unheld = episode('non-fatal', 'vfio-pci');
    expect(predict({ ...unheld, walk: unheld.walk.map(({ heldBy: _, ...f }) => f) }).signals).toEqual([]);
  });

  test('who vetoes', () => {
    const { outcome, vetoes } = predict(episode('non-fatal', undefined));
    expect([outcome, vetoes.map((f) => f.bdf)]).toEqual(['failed', vfs]);
  });

  test.each(['4.20.0', '5.10.1', '5.15.0', '6.1.170', '6.12.95', '6.18.35'])(
    'what is predicted is explained: %s',
    (release) => {
      for (const severity of ['correctable', 'non-fatal', 'fatal'] as const) {
        for (const driver of ['vfio-pci', 'igbvf', undefined, 'virtio-pci', 'nvme', 'ixgbevf']) {
          for (const works of [true, false]) {
            const of = episode(severity, driver, release);
            const { mustPrint, outcome } = predict(of, works);
            expect([release, severity, driver, explain(of, mustPrint)]).toMatchObject([
              release,
              severity,
              driver,
              { explained: true, outcome },
            ]);
          }
        }
      }
    },
  );
});

describe('7.2', () => {
  const lines = (device: string, what: 'detected-frozen' | 'detected-failure'): Observation => ({
    ...{ kind: 'driver', device, what },
  });

  test('a driver that is told of the failure says so before the end; before 6.18 none is', () => {
    const before = [...gone, lines(pf, 'detected-frozen'), veto(vfs[0]!), veto(vfs[1]!), reset(0)];
    const told = [...before, lines(pf, 'detected-failure'), end(false)];
    const of = (release: string) => episode('fatal', undefined, release, 'nvme');
    expect(explain(of('7.2.13'), told)).toMatchObject({ explained: true, outcome: 'failed' });
    expect(explain(of('6.12.117'), [...before, end(false)]).explained).toBe(true);
    expect(explain(of('6.12.117'), told)).toMatchObject({ explained: false, index: before.length });
    expect(explain(of('7.2.13'), [...before, end(false)])).toMatchObject({
      ...{ explained: false, index: before.length },
    });
  });

  test('an Intel NIC that is told detaches its interface, though a non-fatal error had left it alone', () => {
    const of = (release: string) => predict(episode('non-fatal', undefined, release));
    expect(of('7.2.13')).toMatchObject({ outcome: 'failed', detached: [{ bdf: pf }] });
    expect(of('6.12.117')).toMatchObject({ outcome: 'failed', detached: [] });
    expect(predict(episode('non-fatal', 'vfio-pci', '7.2.13')).detached).toEqual([]);
  });

  test('a vote for a reset resets the bus also after a non-fatal error', () => {
    const log = [...head(), igbWarns, reset(0), end(true)];
    expect(explain(episode('non-fatal', 'igbvf', '7.2.13'), log)).toMatchObject({ wasReset: true });
    expect(explain(episode('non-fatal', 'igbvf', '6.12.117'), log)).toMatchObject({ explained: false });
  });

  test('a reset takes what a driver does not restore: of igbvf after any reset, of igb never', () => {
    const lost = (severity: Severity, release: string, vfDriver: string) =>
      predict(episode(severity, vfDriver, release)).unrestored.map((fn) => fn.bdf);
    expect(lost('non-fatal', '7.2.13', 'igbvf')).toEqual(vfs);
    expect(lost('non-fatal', '6.12.117', 'igbvf')).toEqual([]);
    expect(lost('fatal', '6.12.117', 'igbvf')).toEqual(vfs);
    // A guest's is set up again with the guest.
    expect(lost('fatal', '7.2.13', 'vfio-pci')).toEqual([]);
  });

  test('that nothing was found stands on the port line, before 6.16 on one of its own', () => {
    const onIt: Observation[] = [{ ...report('non-fatal'), noDetails: true } as Observation];
    const own: Observation[] = [report('non-fatal'), { kind: 'no-details' }];
    const explained = (release: string, log: Observation[]) =>
      explain(episode('non-fatal', 'vfio-pci', release), log).explained;
    expect([explained('7.2.13', onIt), explained('7.2.13', own)]).toEqual([true, false]);
    expect([explained('6.12.117', onIt), explained('6.12.117', own)]).toEqual([false, true]);
    expect([explained('?', onIt), explained('?', own)]).toEqual([true, true]);
  });

  test('an ixgbe that was detached has nothing to save at the next error', () => {
    const log = [...head(), veto(vfs[0]!), veto(vfs[1]!), end(false)];
    expect(explain(episode('non-fatal', undefined, '7.2.13', 'ixgbe'), log)).toMatchObject({
      outcome: 'failed',
    });
    const alone = [...gone, reset(0), end(false)];
    expect(explain(episode('fatal', 'vfio-pci', '7.2.13', 'ixgbe'), alone)).toMatchObject({
      outcome: 'failed',
    });
    // igb asks for a reset whatever became of its interface, and recovers.
    expect(explain(episode('fatal', 'vfio-pci', '7.2.13'), alone).explained).toBe(false);
  });
});
