/** Recordings of 7.2, and what of them would be otherwise had the recovery failed, or had there been more errors. */
import { describe, expect, test } from 'vitest';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const hang = () => stored('hang-7.2');

test('the hang is reproduced and explained, down to who was asked and what was answered', () => {
  const verdict = hang().judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true, differences: [] });
  expect(verdict.findings.map((f) => f.id)).toEqual([
    'fault-proved',
    'vm-stopped-by-aer',
    'guest-silent',
    'pf-recovered',
  ]);
  expect(verdict.chain.map((step) => step.seen)).toEqual(verdict.chain.map(() => true));
});

test('its TLP header is read, whose words have 0x', () => {
  const text = JSON.stringify(hang().judge().chain[0]);
  expect(text).toContain('TLP Header: 0x00000000 0x00000001');
});

describe('a vote for a reset after a non-fatal error', () => {
  const stall = () => stored('stall-7.2');
  const step = (run: StoredRunCopy) => run.judge().chain.find(({ rule }) => rule === 'AER-RESTORE');

  test('resets the bus, which igbvf does not survive: it goes on without MSI-X', () => {
    const verdict = stall().judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true, differences: [] });
    const found = verdict.findings.map((f) => f.id);
    expect(found).toEqual(expect.arrayContaining(['pf-recovered', 'pf-broken', 'traffic-lost']));
    expect(found).not.toContain('unexpected-event');
    expect(step(stall())).toMatchObject({
      text: 'The reset took nic0.vf0 (0000:01:10.0) its MSI-X, and igbvf goes on without: none of its interrupts arrives.',
      seen: true,
      evidence: [{ text: expect.stringContaining('Enable+') }, { text: expect.stringContaining('Enable-') }],
    });
  });

  test('without the listings it is inferred, and one that has MSI-X again is not blamed', () => {
    expect(step(stall().delete('snapshots/after-fault.host.lspci'))).toMatchObject({ seen: false });
    const again = stall().replace(
      'snapshots/after-fault.host.lspci',
      /MSI-X: Enable- Count=3/g,
      'MSI-X: Enable+ Count=3',
    );
    expect(step(again)).toBeUndefined();
  });

  test('up to 6.17 the reset is a departure', () => {
    const old = stall().events((event) =>
      event.kind === 'versions'
        ? { ...event, kernelRelease: '6.12.117+deb13-amd64', kernelVersion: 'Debian 6.12.117-1' }
        : event,
    );
    expect(old.judge().findings.map((f) => f.title)).toContain(
      "The kernel's log departs from the model (AER-O3)",
    );
  });
});

describe('a recovery that fails', () => {
  const task = '   irq/25-aerdrv-57      [001] .....    45.3';
  const told = (driver: string, symbol: string, devfn: number, answer: number) =>
    `${task}06300: ${driver}__error_detected: (${symbol}+0x4/0xb0) devfn=${devfn} vendor=0x8086 device=0x10c9 state=3\n` +
    `${task}06400: ${driver}__error_detected__answer: (report_perm_failure_detected+0xc7/0x150 <- ${symbol}) answer=${answer}\n`;
  const tellsPf = told('igb', 'igb_io_error_detected', 0, 4);
  const tellsVf = told('vfio_pci', 'vfio_pci_core_aer_err_detected', 128, 2);
  /** Another VF has no driver, which makes the recovery fail. */
  const failed = () =>
    hang()
      .hostLog(
        /pcieport 0000:00:04\.0: AER: broadcast mmio_enabled message/,
        "pci 0000:01:10.2: AER: can't recover (no error_detected callback)",
      )
      .drop('host.serial', /broadcast resume/)
      .drop('host.dmesg', /broadcast resume/)
      .hostLog(/recovery successful/, 'recovery failed')
      .events((event) => {
        if (event.kind !== 'functions') return event;
        const vf = event.functions.find((fn) => fn.isVf);
        if (!vf) return event;
        const { driver: _, ...rest } = vf;
        const unbound = { ...rest, name: 'nic0.vf1', bdf: '0000:01:10.2', owner: 'host' as const };
        return { ...event, functions: [...event.functions, unbound] };
      })
      .drop('host.trace', /resume/);
  const departures = (run: StoredRunCopy) =>
    run.judge().findings.flatMap(({ id, title }) => (id === 'unexpected-event' ? [title] : []));

  test('everybody is told; the chain says who detaches its interface', () => {
    const run = failed().append('host.trace', tellsPf + tellsVf);
    expect(departures(run)).toEqual([]);
    expect(run.judge().findings.map((f) => f.id)).toContain('pf-recovery-failed');
    const step = run.judge().chain.find(({ rule }) => rule === 'AER-FAILURE');
    expect(step).toMatchObject({
      text: 'Every driver on the bus is told that it failed, and detaches its interface: igb for nic0 (0000:01:00.0).',
      seen: true,
    });
    expect(step!.evidence).toHaveLength(2);
  });

  test('one that is not told is a departure', () => {
    const departed = ["The kernel's trace departs from the model (AER-FAILURE)"];
    expect(departures(failed().append('host.trace', tellsPf))).toEqual(departed);
    expect(departures(failed())).toEqual(departed);
  });

  test('nobody is told of one that succeeded', () => {
    expect(departures(hang().append('host.trace', tellsPf + tellsVf))).toEqual([
      "The kernel's trace departs from the model (AER-FAILURE)",
    ]);
  });
});

describe('more errors than a function may log', () => {
  const late = (text: string) => `99.000000 [   98.000000] ${text}\n`;
  const logged =
    late('pcieport 0000:00:04.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:01:00.0') +
    late(
      'igb 0000:01:00.0: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Completer ID)',
    ) +
    late('igb 0000:01:00.0:   device [8086:10c9] error status/mask=00008000/02400000') +
    late('igb 0000:01:00.0: Non-correctable non-fatal error reported.') +
    late('pcieport 0000:00:04.0: AER: device recovery successful');
  const bare =
    late('igb 0000:01:00.0: Non-correctable non-fatal error reported.') +
    late('pcieport 0000:00:04.0: AER: device recovery successful');
  const found = (run: StoredRunCopy) =>
    run.judge().findings.flatMap(({ id }) => (/^(?:un|evi)/.test(id) ? [id] : []));

  test('the eleventh recovery in 5 s has no port line: the log is not whole', () => {
    const run = hang().append('host.serial', logged.repeat(10) + bare);
    expect(found(run)).toEqual(['evidence-missing']);
    expect(run.judge().findings.find(({ id }) => id === 'evidence-missing')!.text).toContain(
      'Of each function the kernel logs 10 errors in 5 s',
    );
  });

  test('the tenth has one, and so has every one of a kernel that limits nothing', () => {
    expect(found(hang().append('host.serial', logged.repeat(10)))).toEqual([]);
    expect(found(hang().append('host.serial', logged.repeat(9) + bare))).toEqual(['unexpected-event']);
    const old = hang().events((event) =>
      event.kind === 'versions'
        ? { ...event, kernelRelease: '6.12.117+deb13-amd64', kernelVersion: 'Debian 6.12.117-1' }
        : event,
    );
    expect(found(old.append('host.serial', logged.repeat(10) + bare))).toEqual(['unexpected-event']);
  });
});
