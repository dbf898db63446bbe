/** Real recordings of VMs that meet on an interrupt line: verdict, chain, and what preflight would have said of each. */
import { describe, expect, test } from 'vitest';
import { Casebook } from '../../../../src/diagnose/casebook.ts';
import { CaseFile } from '../../../../src/diagnose/read.ts';
import { examine } from '../../../../src/preflight/examine.ts';
import { inventoryFromLogs } from '../../../../src/preflight/from-logs.ts';
import { rules } from '../../../../src/verdict/rules.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const ids = (run: StoredRunCopy) => run.judge().findings.map(({ id }) => id);

test('6.1: the second VM is refused the line of the first', () => {
  const verdict = stored('intx-conflict-6.1').judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
  expect(verdict.reason).toBe(
    'vm1 was not started: the kernel refused card1 (0000:00:09.0) line 21, which card0 (0000:00:05.0) has',
  );
  expect(verdict.findings.map(({ title }) => title)).toEqual([
    'vm1 does not start: card1 (0000:00:09.0) and card0 (0000:00:05.0) are both on line 21, and each wants it alone',
    'DisINTx can be set on nic0, card0, card1 and usb0; vfio-pci ignores it (nointxmask=1)',
    'The model foretold all 2 starts: vm0 starts, vm1 is refused line 21',
  ]);
  expect(verdict.chain.map(({ seen, evidence }) => [seen, evidence.map(({ file }) => file)])).toEqual([
    [true, ['events.ndjson', 'events.ndjson', 'snapshots/after-guests.host.interrupts']],
    [true, ['events.ndjson', 'snapshots/after-guests.host.interrupts']],
    [false, []],
    [true, ['host.serial', 'events.ndjson']],
    [true, ['vm1.stderr', 'events.ndjson']],
  ]);
});

test('6.1: functions that mask their INTx share the line, and traffic goes over it', () => {
  const run = stored('intx-can-mask-6.1');
  const verdict = run.judge();
  expect(verdict).toMatchObject({ verdict: 'clean', remedy: 'prevented', asExpected: true });
  expect(ids(run)).toEqual(['intx-shared', 'intx-masking', 'prediction-kept']);
  expect(verdict.reason).toBe(
    'vm0 and vm1 were started: Line 21 is shared by card0 (0000:00:05.0) of vm0 and card1 (0000:00:09.0) of vm1',
  );
});

test('6.1: a driver of the host has the line, and would share it', () => {
  const verdict = stored('intx-host-driver-6.1').judge();
  expect(verdict.verdict).toBe('reproduced');
  expect(verdict.findings[0]!.title).toBe(
    'vm1 does not start: card1 (0000:00:0a.0) and the host’s uhci_hcd:usb1 are both on line 22, and 0000:00:0a.0 wants it alone',
  );
  expect(verdict.chain[1]!.text).toBe('the host’s uhci_hcd:usb1 has had the line since before the guests.');
});

test('6.1: a VF has no pin, and starts beside any conflict', () => {
  const run = stored('intx-vf-6.1');
  const verdict = run.judge();
  // A card that is left to the host's driver is a user of the line like any other.
  expect(verdict.reason).toBe(
    'vm0 was not started: the kernel refused card0 (0000:00:05.0) line 21, which the host’s eth0 has',
  );
  expect(verdict.findings.find(({ id }) => id === 'prediction-kept')!.title).toBe(
    'The model foretold all 2 starts: vm0 is refused line 21, vm1 starts',
  );
});

const recordings = ['intx-conflict-6.1', 'intx-can-mask-6.1', 'intx-host-driver-6.1', 'intx-vf-6.1'];

describe.each(recordings)('%s', (name) => {
  const run = stored(name);

  test('every pointer leads to its line, every rule is one', () => {
    const { findings, chain } = run.judge();
    for (const { rule, evidence } of [...findings, ...chain]) {
      expect(rules).toHaveProperty(rule);
      for (const { file, line, text } of evidence)
        expect(run.contents.get(file)!.split('\n')[line - 1]).toContain(text.slice(0, 60).trim());
    }
  });

  test('the model foretold every start', () => {
    expect(ids(run)).toContain('prediction-kept');
  });

  test('preflight, from lspci and /proc/interrupts before the first start, says of each guest what became of it', () => {
    const book = new Casebook();
    for (const end of ['lspci', 'interrupts']) {
      const file = new CaseFile(end, book);
      file.push(run.contents.get(`snapshots/before-guests.host.${end}`)!);
      file.end();
    }
    const events = run.contents
      .get('events.ndjson')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const bdfs = new Map(events.filter(({ kind }) => kind === 'intx-probe').map((e) => [e.function, e.bdf]));
    const { nointxmask } = events.find(({ kind }) => kind === 'intx-policy');
    const { fates } = examine(
      { ...inventoryFromLogs(book), nointxmask },
      run.plan.guests.map(({ id, passthrough }) => ({
        vm: id,
        bdfs: passthrough.map((p) => bdfs.get(p.function)),
      })),
    );
    const first = new Map<string, boolean>();
    for (const { kind, machine, started } of events)
      if (kind === 'guest-start' && !first.has(machine)) first.set(machine, started);
    expect(fates.map(({ guest, starts }) => [guest, starts])).toEqual([...first]);
  });
});
