/**
 * A control for every rule about a line that is switched off: a recording with one thing spoiled, and the finding that
 * must come of it. What is spoiled must never be dressed as one of the other two verdicts.
 */
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { Control } from '../../control.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

export const storm = () => stored('storm-6.12');
const samples = 'storms/stuck.0';
const afterLspci = 'snapshots/after-fault.host.lspci';

type Of<K extends HarnessEvent['kind']> = Extract<HarnessEvent, { kind: K }>;
const edit =
  <K extends HarnessEvent['kind']>(kind: K, change: (event: Of<K>) => HarnessEvent | undefined) =>
  (event: HarnessEvent) =>
    event.kind === kind ? change(event as Of<K>) : event;

/** The kernel says nothing of the line. */
const silent = (run: StoredRunCopy) =>
  run.hostLog(/[^\n]*nobody cared[^\n]*\n/, '').hostLog(/[^\n]*Disabling IRQ #21[^\n]*\n/, '');

/** So many interrupts more, or fewer, by the time that it was over. */
const interrupts = (by: number) =>
  storm().events(
    edit('irq-line', (e) => (e.moment === 'before' ? e : { ...e, interrupts: e.interrupts + by })),
  );

/** The disk's reads took this long. */
export const reads = (run: StoredRunCopy, moment: string, seconds: number) =>
  run.events(
    edit('traffic', (e) =>
      e.over === 'disk0' && e.moment === moment ? { ...e, reads: { count: 30, seconds } } : e,
    ),
  );

/** The source let go after 60,000 interrupts, and the disk is as it was. */
export const survived = () =>
  reads(silent(interrupts(-40_000)), 'end', 0.05)
    .replace(afterLspci, /INTx\+/, 'INTx-')
    .replace(samples, /^(?:.* 0,(?:6[1-9]|[7-9]\d|100)\d{3} .*\n?)+/m, '');

/** Slow after the fault, and well at the end. */
function recovered(): StoredRunCopy {
  const run = storm();
  const ends = run.contents.get('events.ndjson')!.match(/.*"kind":"traffic".*"moment":"end".*\n/g)!;
  const well = ends.map((line) => line.replace(/"seconds":[\d.]+/, '"seconds":0.05'));
  return run
    .events(edit('traffic', (e) => (e.moment === 'end' ? { ...e, moment: 'after-fault' } : e)))
    .append('events.ndjson', well.join(''));
}

/** A boot option that the kernel did not take. */
function unheard(): StoredRunCopy {
  const run = storm();
  const { host } = run.plan;
  const spec = { ...host.spec, cmdline: [...host.spec.cmdline, 'irqpoll'] };
  run.plan = { ...run.plan, host: { ...host, spec }, remedy: { id: 'irqpoll', title: '' } };
  return run;
}

const reproduced = (name: string, finding: Control['finding'], run: Control['run']): Control => ({
  ...{ name, finding, run },
  verdict: 'reproduced',
});
const inconclusive = (name: string, finding: Control['finding'], run: Control['run']): Control => ({
  ...{ name, finding, run },
  verdict: 'inconclusive',
});

export const controls: Control[] = [
  reproduced('a line that went off, as recorded', 'irq-disabled', storm),
  reproduced('at the interrupt that the model foretold', 'trip-as-predicted', storm),
  reproduced('one interrupt too early', 'trip-not-as-predicted', () => interrupts(-1)),
  reproduced('one interrupt too late', 'trip-not-as-predicted', () => interrupts(1)),
  reproduced('between two judgements', 'trip-not-as-predicted', () => interrupts(40_000)),
  reproduced('the card asserts its INTx', 'storm-source', storm),
  reproduced('nobody asserts any more', 'storm-source-unknown', () =>
    storm().replace(afterLspci, /INTx\+/, 'INTx-'),
  ),
  reproduced('one whose Interrupt Disable bit is set did not raise it', 'storm-source-unknown', () =>
    storm().replace(afterLspci, /(00:09\.0 [\s\S]*?)DisINTx-/, '$1DisINTx+'),
  ),
  reproduced('reads as slow as a poll', 'victim-crawls', () => reads(storm(), 'end', 2.93)),
  reproduced('slow after the fault, and well at the end', 'victim-recovered', recovered),
  reproduced('traffic that does not come back at all', 'traffic-lost', () =>
    storm().events(edit('traffic', (e) => (e.moment === 'end' ? { ...e, received: 0 } : e))),
  ),
  { name: 'the source lets go in time', finding: 'line-survived', run: survived, verdict: 'clean' },
  inconclusive(
    'the source asserts, the line is still, and the kernel says nothing',
    'evidence-contradicts',
    () => silent(storm()),
  ),
  inconclusive('another line went off', 'evidence-contradicts', () =>
    storm()
      .hostLog(/irq 21: nobody/, 'irq 20: nobody')
      .hostLog(/IRQ #21/, 'IRQ #20'),
  ),
  inconclusive('a disk that crawled before', 'no-baseline', () => reads(storm(), 'before-fault', 3.1)),
  inconclusive('no check at the end', 'evidence-missing', () =>
    storm().events(edit('traffic', (e) => (e.moment === 'end' ? undefined : e))),
  ),
  inconclusive('an unproved storm', 'fault-unproved', () =>
    storm().events(edit('proof', (e) => ({ ...e, proved: false }))),
  ),
  inconclusive('no readings of the line', 'evidence-missing', () =>
    storm().events(edit('irq-line', () => undefined)),
  ),
  inconclusive('no looks at the line', 'evidence-missing', () => storm().delete(samples)),
  inconclusive('looks that are no looks', 'evidence-missing', () => storm().replace(samples, /^/gm, 'x')),
  inconclusive('a boot option that the kernel did not take', 'remedy-unproved', unheard),
];
