/** A control of a forced race that did not go its way, for the table of all findings; the others are recordings. */
import type { Control } from '../../control.ts';
import { stored } from '../../stored-run.ts';

export const controls: Control[] = [
  {
    name: 'a step of the race did not come about',
    run: () =>
      stored('race-overwrite-6.1').events((e) =>
        e.kind === 'race-step' && e.step === 10 ? { ...e, done: false } : e,
      ),
    verdict: 'inconclusive',
    finding: 'race-astray',
  },
];
