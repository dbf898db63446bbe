/**
 * Controls of the failure that is about all which has to go well: a real churn with one thing spoiled. The recording's
 * two traces are cut to two seconds; in them one interrupt was sent again by the kernel, and one was discarded.
 */
import type { HarnessEvent } from '../../../../src/evidence/record.ts';
import type { Control } from '../../control.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

export const churn = () => stored('churn-6.12');

const proofs = (event: HarnessEvent) => event.kind === 'proof' && event.stage === 'injected';
const last = (moment: string, alive: boolean, witness?: string) => (event: HarnessEvent) =>
  event.kind === 'witness' && event.moment === moment && (!witness || event.witness === witness)
    ? { ...event, alive }
    : event;

/** A round of handlers in the middle of the trace that the kernel's side says nothing of. */
export function withoutRound(run: StoredRunCopy, irq: number): StoredRunCopy {
  const lines = run.contents.get('host.vectors')!.split('\n');
  const rounds = lines.flatMap((line, i) => (line.includes(`irq_handler_entry: irq=${irq} `) ? [i] : []));
  const at = rounds[Math.floor(rounds.length / 2)]!;
  const exit = lines.findIndex((line, i) => i > at && line.includes(`irq_handler_exit: irq=${irq} `));
  run.contents.set('host.vectors', lines.filter((_, i) => i !== at && i !== exit).join('\n'));
  return run;
}

export const controls: Control[] = [
  {
    name: 'nothing is spoiled: an interrupt discarded by the switch of a trigger is told, and is no failure',
    run: churn,
    verdict: 'clean',
    finding: 'interrupt-discarded',
  },
  {
    name: 'an interrupt of the churn whose handlers never ran',
    run: () => withoutRound(churn(), 27),
    verdict: 'reproduced',
    finding: 'interrupt-unhandled',
  },
  {
    name: 'and the ledger had to balance',
    run: () => withoutRound(churn(), 27),
    verdict: 'reproduced',
    finding: 'invariant-broken',
  },
  {
    name: 'the guest stopped answering for a while',
    run: () =>
      churn().events((e) =>
        e.kind === 'invariant' && e.id === 'vm0-answers' && e.t0 > 140 && e.t0 < 150
          ? { ...e, held: false, answer: 'no answer' }
          : e,
      ),
    verdict: 'reproduced',
    finding: 'invariant-broken',
  },
  {
    name: 'the guest did not answer in time, and later did',
    run: () =>
      churn().events((e) =>
        e.kind === 'invariant' && e.id === 'vm0-answers' && e.t0 > 140 && e.t0 < 150
          ? { ...e, held: false, late: true, answer: 'no answer within 10.0 s' }
          : e,
      ),
    verdict: 'clean',
    finding: 'invariant-late',
  },
  {
    name: 'the guest did not answer in time, and never again',
    run: () =>
      churn().events((e) =>
        e.kind === 'invariant' && e.id === 'vm0-answers' && e.t0 > 140
          ? { ...e, held: false, late: true, answer: 'no answer within 10.0 s' }
          : e,
      ),
    verdict: 'reproduced',
    finding: 'invariant-broken',
  },
  {
    name: 'the ledger had to balance, and its traces are gone',
    run: () => churn().delete('host.qemu-trace'),
    verdict: 'inconclusive',
    finding: 'invariant-unchecked',
  },
  {
    name: 'the churn moved nothing',
    run: () => churn().events((e) => (proofs(e) ? ({ ...e, proved: false } as HarnessEvent) : e)),
    verdict: 'inconclusive',
    finding: 'fault-unproved',
  },
  {
    name: 'the guest is dead at the end',
    run: () => churn().events(last('end', false)),
    verdict: 'reproduced',
    finding: 'guest-lost',
  },
  {
    name: 'one witness says at the end that the guest is dead',
    run: () => churn().events(last('end', false, 'serial')),
    verdict: 'inconclusive',
    finding: 'witnesses-disagree',
  },
  {
    name: 'the traffic of the guest does not come back',
    run: () =>
      churn().events((e) =>
        e.kind === 'traffic' && e.id === 'guest-vf' && e.moment === 'end' ? { ...e, received: 0 } : e,
      ),
    verdict: 'reproduced',
    finding: 'traffic-lost',
  },
  {
    name: 'the affinities were not put back',
    run: () =>
      churn().events((e) => (e.kind === 'proof' && e.stage === 'healed' ? { ...e, proved: false } : e)),
    verdict: 'inconclusive',
    finding: 'fault-not-healed',
  },
  {
    name: 'nothing says that the affinities were put back',
    run: () => churn().events((e) => (e.kind === 'proof' && e.stage === 'healed' ? undefined : e)),
    verdict: 'inconclusive',
    finding: 'fault-not-healed',
  },
  {
    name: 'the affinities were not put back, as the lab expects',
    run: () => {
      const run = churn().events((e) =>
        e.kind === 'proof' && e.stage === 'healed' ? { ...e, proved: false } : e,
      );
      run.plan = { ...run.plan, expect: { ...run.plan.expect, findings: ['fault-not-healed'] } };
      return run;
    },
    verdict: 'clean',
    finding: 'fault-not-healed',
  },
  {
    name: 'the affinities were not put back, and the guest is dead: the failure stays one',
    run: () =>
      churn()
        .events((e) => (e.kind === 'proof' && e.stage === 'healed' ? { ...e, proved: false } : e))
        .events(last('end', false)),
    verdict: 'reproduced',
    finding: 'fault-not-healed',
  },
  {
    name: 'the host’s kernel warns meanwhile',
    run: () => churn().append('host.serial', '150.0 [  148.000000] WARNING: CPU: 0 PID: 1 at x.c:1\n'),
    verdict: 'reproduced',
    finding: 'kernel-trouble',
  },
];
