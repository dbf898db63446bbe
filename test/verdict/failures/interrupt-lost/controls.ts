/** A control for every rule about a forced race: a recording with one thing spoiled, and the finding that must come of it. */
import type { FindingId, VerdictWord } from '../../../../src/verdict/types.ts';
import type { Control } from '../../control.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

type Spoil = (run: StoredRunCopy) => StoredRunCopy;

function control(
  name: string,
  recording: string,
  [verdict, finding]: [VerdictWord, FindingId],
  spoil: Spoil,
): Control {
  return { name, verdict, finding, run: () => spoil(stored(recording)) };
}

export const controls: Control[] = [
  control(
    'a step of the race did not come about',
    'race-overwrite-6.1',
    ['inconclusive', 'race-astray'],
    (run) => run.events((e) => (e.kind === 'race-step' && e.step === 10 ? { ...e, done: false } : e)),
  ),
  control(
    'the last steps of the race are not on record',
    'race-overwrite-6.12',
    ['inconclusive', 'race-astray'],
    (run) => run.events((e) => (e.kind === 'race-step' && e.step > 12 ? undefined : e)),
  ),
  control('the race is not on record', 'race-overwrite-6.12', ['inconclusive', 'race-astray'], (run) =>
    run.events((e) => (e.kind === 'race' ? undefined : e)),
  ),
  control(
    'the interrupt did not work before the race',
    'race-loss-6.12',
    ['inconclusive', 'no-baseline'],
    (run) =>
      run.events((e) => (e.kind === 'interrupts' && e.moment === 'before-fault' ? { ...e, handled: 0 } : e)),
  ),
  control(
    'the slot is gone, and the kernel says nothing',
    'race-overwrite-6.1',
    ['inconclusive', 'evidence-contradicts'],
    (run) => run.hostLog(/No irq handler for vector/g, 'Nothing'),
  ),
  control(
    'the slot is there, and later interrupts do not come',
    'race-overwrite-6.12',
    ['inconclusive', 'evidence-contradicts'],
    (run) => run.events((e) => (e.kind === 'interrupts' && e.moment === 'end' ? { ...e, handled: 0 } : e)),
  ),
  control(
    'the injection that should cure is not on record',
    'race-loss-inject-6.12',
    ['inconclusive', 'remedy-unproved'],
    (run) => run.events((e) => (e.kind === 'remedy' ? undefined : e)),
  ),
  control(
    'an interrupt that the fixed kernel had handled is gone',
    'race-overwrite-6.12',
    ['reproduced', 'interrupt-lost'],
    (run) =>
      run.events((e) =>
        e.kind === 'interrupts' && e.moment !== 'before-fault' ? { ...e, handled: e.handled - 1 } : e,
      ),
  ),
  control(
    'the neighbour has its slot, and is as silent as without',
    'race-wipe-6.1',
    ['inconclusive', 'evidence-contradicts'],
    (run) =>
      run
        .events((e) =>
          e.kind === 'race' ? { ...e, neighbour: { function: 'nic1', irq: e.neighbour!.irq + 1 } } : e,
        )
        .hostLog(/No irq handler for vector/g, 'Nothing'),
  ),
  control(
    'the neighbour did not work before the race',
    'race-wipe-6.1',
    ['inconclusive', 'no-baseline'],
    (run) =>
      run.events((e) =>
        e.kind === 'interrupts' && e.moment === 'before-fault' && e.function === 'nic1'
          ? { ...e, handled: 0 }
          : e,
      ),
  ),
  control(
    'the owner missed fewer than the ledger',
    'race-overwrite-6.1',
    ['inconclusive', 'evidence-contradicts'],
    (run) =>
      run.events((e) =>
        e.kind === 'interrupts' && e.moment === 'end' ? { ...e, handled: e.handled + 1 } : e,
      ),
  ),
];
