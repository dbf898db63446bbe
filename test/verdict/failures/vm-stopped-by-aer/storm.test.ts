/** A real run of the lab aer-storm: 28 errors in 25 reports, and one of them spoiled, wherever in the storm it is. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../../src/verdict/types.ts';
import { stored } from '../../stored-run.ts';

const storm = () => stored('aer-storm-6.12');
const errors = ({ findings }: Verdict) =>
  findings.filter(({ severity }) => severity === 'error').map(({ id, rule }) => `${id} ${rule}`);

test('as recorded: every injection is proved, every report explained, every recovery a success', () => {
  const verdict = storm().judge();
  expect(verdict).toMatchObject({ verdict: 'clean', asExpected: true });
  const ids = verdict.findings.map(({ id }) => id);
  expect(ids.filter((id) => id === 'fault-proved')).toHaveLength(8);
  expect(new Set(ids)).toEqual(new Set(['fault-proved', 'error-reported-only', 'pf-recovered']));
  expect(verdict.chain.map(({ text }) => text).join('\n')).toMatch(/recovers, after the link was reset/);
});

test('errors that met are in it: several in one report, and a report that found its status consumed', () => {
  const log = storm().contents.get('host.dmesg')!;
  expect(log.match(/AER: Multiple .* message received/g)).toHaveLength(3);
  const bare = /\[ +60\.594535\] pcieport 0000:00:05\.0: AER: Uncorrectable \(Non-Fatal\) error message/;
  const lines = log.split('\n');
  const at = lines.findIndex((line) => bare.test(line));
  expect(lines[at]).toMatch(bare);
  expect(lines[at + 1]).not.toMatch(/PCIe Bus Error|device recovery/);
});

/** Clean turns inconclusive: the harness or the model may be wrong, and no guest was there to be stopped. */
describe('spoiled', () => {
  test('the second recovery of a burst fails, though every driver can recover', () => {
    const verdict = storm()
      .hostLog(/(\[ +59\.857214\] .*device recovery) successful/, '$1 failed')
      .judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['inconclusive', 'unexpected-event AER-O2']);
  });

  test('the last of a burst never ends', () => {
    const run = storm();
    for (const file of ['host.serial', 'host.dmesg']) run.drop(file, /\[ +67\.092261\]/);
    const verdict = run.judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['inconclusive', 'unexpected-event AER-O1']);
  });

  test('a correctable error asks the drivers', () => {
    const verdict = storm()
      .hostLog(
        /(\[ +66\.333921\] pcieport 0000:02:00\.0:) +\[ 7\] BadDLLP */,
        '$1 AER: broadcast error_detected message',
      )
      .judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['inconclusive', 'unexpected-event AER-ORDER']);
  });

  test('a report without status, and no error before it that could have consumed it', () => {
    const run = storm();
    for (const file of ['host.serial', 'host.dmesg'])
      run.drop(file, /\[ +71\.(053|055)\d+\] pcieport 0000:00:04\.0/);
    const verdict = run.judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['inconclusive', 'unexpected-event AER-O1']);
  });

  test('an error that the kernel never reported is no fault', () => {
    const run = storm();
    for (const file of ['host.serial', 'host.dmesg']) run.drop(file, /\[ +72\.(89|90)\d+\] (?!.*aer_inject)/);
    const verdict = run.judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['inconclusive', 'unexpected-event AER-WALK']);
    expect(verdict.reason).toContain('the host kernel does not confirm fault vf-timeout');
  });

  test('a status that is left set at the end', () => {
    const verdict = storm()
      .events((event) =>
        event.kind === 'proof' && event.stage === 'healed' && event.fault === 'pf-abort'
          ? { ...event, proved: false, because: ['uncorrectable status CmpltAbrt still set'] }
          : event,
      )
      .judge();
    expect([verdict.verdict, verdict.reason]).toEqual([
      'inconclusive',
      'Fault pf-abort left something behind after healing',
    ]);
    expect(verdict.findings.map(({ id }) => id)).toContain('fault-not-healed');
  });
});
