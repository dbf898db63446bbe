/** A level-triggered interrupt that is emulated by two eventfds: what gets lost, and what comes once too often. */
import type { Race } from '../race.ts';
import { type IntxResampleOptions, intxResample } from './intx-resample.ts';

type Options = Omit<IntxResampleOptions, 'raises' | 'oneshot' | 'prompt'>;
const kernel61: Options = { resamplesOnUnmask: false, deassertsFirst: true, resends: 'asserted' };
const kernel612: Options = { ...kernel61, resamplesOnUnmask: true };

const variants: Readonly<Record<string, { title: string; options: Options }>> = {
  '6.1': { title: 'a pending pin is injected when the guest unmasks it', options: kernel61 },
  '6.12': {
    title: 'the device is asked again when the guest unmasks a pending pin (fef8f2b90edb)',
    options: kernel612,
  },
  'notify-first': {
    title: '6.12, but the EOI notifies before it de-asserts (known bad)',
    options: { ...kernel612, deassertsFirst: false },
  },
  'no-resend': {
    title: '6.12, but VFIO does not signal again when the device still asks (known bad)',
    options: { ...kernel612, resends: 'never' },
  },
  'blind-resend': {
    title: '6.12, but VFIO signals again without a look at the device (known bad)',
    options: { ...kernel612, resends: 'always' },
  },
};

const problems = {
  loss: 'the device asserts INTx, and the guest never handles it',
  'loss-oneshot': 'the same; the guest handles it in a thread, the pin masked meanwhile',
  extra: 'the guest is interrupted when the device does not ask',
  'extra-oneshot': 'the same; in a thread, the pin masked meanwhile, and the host’s work items run at once',
  'extra-late': 'the same; in a thread, and the host’s work items may be late',
};

export const intxResampleRace: Race = {
  name: 'intx-resample',
  title: 'A passed-through INTx is unmasked while the device asserts it again',
  variants: Object.fromEntries(Object.entries(variants).map(([id, { title }]) => [id, title])),
  problems,
  bounds: { raises: { title: 'times that the device asserts its line', default: 3, max: 9 } },
  expected: {
    '6.1': ['extra-oneshot', 'extra-late'],
    '6.12': ['extra-late'],
    'notify-first': ['loss', 'loss-oneshot', 'extra-late'],
    'no-resend': ['loss', 'loss-oneshot'],
    'blind-resend': ['extra', 'extra-oneshot', 'extra-late'],
  },
  shown: [
    ['6.1', 'extra-oneshot'],
    ['6.12', 'extra-late'],
    ['notify-first', 'loss'],
  ],
  conclusions: [
    'No kernel loses an INTx: de-asserting before notifying, and signalling again when the device still asks, are what that rests on.',
    'On 6.1 a guest with a threaded handler gets an interrupt too many for nearly every one: the pending pin is injected at the unmask although the device has been served.',
    'The fix in 6.12 asks the device again, and so cures that; not the case where the host’s work item sets the pin only after the unmask. Such an interrupt is rare and harmless: the guest’s handler finds nothing to do.',
  ],
  scenario(variant, problem, { raises = 0 }) {
    const how = { oneshot: /-(oneshot|late)$/.test(problem), prompt: problem === 'extra-oneshot' };
    const whole = intxResample({ ...variants[variant]!.options, ...how, raises });
    return problem.startsWith('extra') ? { ...whole, leadsTo: [] } : { ...whole, invariants: [] };
  },
};
