/** What an interrupt that outlives its device can do: to its own driver, and to the next owner of its vector. */
import type { Race } from '../race.ts';
import type { Scenario } from '../scenario.ts';
import { type UnplugOptions, unplug } from './unplug.ts';

type Options = Omit<UnplugOptions, 'raises' | 'surprise'>;
const kernel61: Options = { locking: false, synchronizes: true, marks: true, rests: false };
const kernel612: Options = { ...kernel61, locking: true };

const variants: Readonly<Record<string, { title: string; options: Options }>> = {
  '6.1': { title: 'without the locking fix (ce0b5eedcb75)', options: kernel61 },
  '6.12': { title: 'with it, 6.12.42 and later', options: kernel612 },
  'no-synchronize': {
    title: '6.12, but free_irq does not wait for a handler that runs (known bad)',
    options: { ...kernel612, synchronizes: false },
  },
  'no-mark': {
    title: '6.12, but a freed slot is UNUSED at once, as before 9345005f4eed',
    options: { ...kernel612, marks: false },
  },
  rests: {
    title:
      '6.1, but a vector rests while a late interrupt may come (no kernel: a CPU cannot see another’s IRR)',
    options: { ...kernel61, rests: true },
  },
};

interface Problem {
  title: string;
  surprise: boolean;
  /** Which of the scenario's invariants; undefined: its promise. */
  invariant?: number;
}

const problems: Readonly<Record<string, Problem>> = {
  wipe: {
    title: 'the slot of another device, which got the vector, is wiped; orderly removal',
    ...{ surprise: false, invariant: 0 },
  },
  'wipe-surprise': { title: 'the same; the device is pulled out', surprise: true, invariant: 0 },
  loss: { title: 'an interrupt of that other device is never handled; pulled out', surprise: true },
  'use-after-free': {
    title: 'a handler runs when what it uses is freed; pulled out',
    ...{ surprise: true, invariant: 1 },
  },
  foreign: {
    title: 'the handler of the other device is called for an interrupt that is not its own; orderly',
    ...{ surprise: false, invariant: 2 },
  },
  stray: { title: '"No irq handler for vector" is printed; orderly', surprise: false, invariant: 3 },
};

export const unplugRace: Race = {
  name: 'unplug',
  title: 'A device is unplugged while one of its interrupts is in flight',
  variants: Object.fromEntries(Object.entries(variants).map(([id, { title }]) => [id, title])),
  problems: Object.fromEntries(Object.entries(problems).map(([id, { title }]) => [id, title])),
  bounds: { raises: { title: 'interrupts that the device raises before it is gone', default: 2, max: 9 } },
  expected: {
    '6.1': ['wipe', 'wipe-surprise', 'loss', 'foreign', 'stray'],
    '6.12': ['foreign'],
    'no-synchronize': ['use-after-free', 'foreign'],
    'no-mark': ['foreign', 'stray'],
    rests: [],
  },
  shown: [
    ['6.1', 'loss'],
    ['6.12', 'foreign'],
  ],
  conclusions: [
    'Without the locking fix a device that is removed can silence another one for ever: the one that is given its vector next. It needs no VFIO, and no mistake of either driver.',
    'With the fix nothing is lost. What remains on every kernel is one call of the wrong handler, which finds nothing to do.',
    'free_irq keeps its promise, also when the device is pulled out: no handler runs after it has returned.',
  ],
  scenario(variant, problem, { raises = 0 }) {
    const { surprise, invariant } = problems[problem]!;
    const whole = unplug({ ...variants[variant]!.options, surprise, raises });
    return { ...whole, ...part(whole, invariant) };
  },
};

function part({ invariants }: Scenario, one: number | undefined): Partial<Scenario> {
  return one === undefined ? { invariants: [] } : { leadsTo: [], invariants: [invariants[one]!] };
}
