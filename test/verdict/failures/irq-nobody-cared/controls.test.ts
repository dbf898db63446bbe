/** Every control of the rules about a line that is switched off turns its finding red, and none is dressed as another verdict. */
import { describe, expect, test } from 'vitest';
import { type FindingId, findingsOf, type Verdict } from '../../../../src/verdict/types.ts';
import { controls, reads, storm, survived } from './controls.ts';

const ids = ({ findings }: Verdict) => findings.map(({ id }) => id);
const found = (verdict: Verdict, id: FindingId) => verdict.findings.find((finding) => finding.id === id);

describe('controls', () => {
  test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding }) => {
    const judged = run().judge();
    expect([judged.verdict, ids(judged)]).toEqual([verdict, expect.arrayContaining([finding])]);
    if (verdict === 'inconclusive') expect(judged.chain).toEqual([]);
  });

  test('every finding about such a line has a control', () => {
    const shown = new Set(controls.map(({ finding }) => finding));
    expect(findingsOf['irq-nobody-cared'].filter((id) => !shown.has(id))).toEqual([]);
  });

  test('a line that survived has none of them but that', () => {
    const own = new Set<FindingId>(findingsOf['irq-nobody-cared']);
    expect(ids(survived().judge()).filter((id) => own.has(id))).toEqual(['line-survived']);
  });
});

test('as recorded: who, whom, when, and how slow', () => {
  const verdict = storm().judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
  expect(ids(verdict)).toEqual([
    'fault-proved',
    'irq-disabled',
    'storm-source',
    'trip-as-predicted',
    'victim-crawls',
  ]);
  expect(found(verdict, 'storm-source')?.title).toBe('card0 (0000:00:09.0) raised irq 21');
  expect(found(verdict, 'irq-disabled')?.text).toContain('vp_interrupt, of disk0 (0000:00:05.0),');
  expect(found(verdict, 'trip-as-predicted')?.title).toBe(
    'irq 21 went off at interrupt 100000, as the model foretold',
  );
});

test('every step of the chain is seen, and every pointer leads to its line', () => {
  const run = storm();
  const verdict = run.judge();
  expect(verdict.chain).toHaveLength(4);
  expect(verdict.chain.filter(({ seen }) => !seen)).toEqual([]);
  const evidence = [...verdict.chain, ...verdict.findings].flatMap((one) => one.evidence);
  for (const { file, line, text } of evidence) {
    const there = run.contents.get(file)?.split('\n')[line - 1];
    expect(there, `${file}:${line}`).toContain(text.slice(0, 60));
  }
});

test('a disk that is faster than any poll does not crawl, however slow the machine', () => {
  expect(ids(reads(storm(), 'end', 2.8).judge())).not.toContain('victim-crawls');
  const fast = reads(storm(), 'end', 0.02).judge();
  expect(ids(fast)).not.toContain('victim-crawls');
  expect(fast).toMatchObject({ verdict: 'reproduced', asExpected: false });
});

test('a line that went off before the fault is not its work', () => {
  const run = storm();
  const log = run.contents.get('host.dmesg')!;
  const early = log.replace(/\[ {3}5\d\.(\d+)\] (irq 21: nobody|Disabling IRQ)/g, '[    5.$1] $2');
  // What arrived when cannot have been printed long before: the console, which has the time of arrival, goes.
  run.contents.set('host.dmesg', early).set('host.serial', '');
  expect(early).not.toBe(log);
  expect(run.judge().verdict).not.toBe('reproduced');
});
