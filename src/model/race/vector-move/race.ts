/** When the old vector of a moved interrupt is freed, and what a late interrupt then finds. */
import type { Race } from '../race.ts';
import { type VectorMoveOptions, vectorMove } from './vector-move.ts';

type Options = Omit<VectorMoveOptions, 'raises' | 'moves'>;
const kernel61: Options = {
  ...{ cleanup: 'ipi', checksIrr: true, waits: true, ordered: true },
  waitsForHandler: false,
};
const kernel612: Options = { ...kernel61, cleanup: 'timer' };

const variants: Readonly<Record<string, { title: string; options: Options }>> = {
  '6.1': { title: 'an IPI cleans up, after a look into the IRR', options: kernel61 },
  '6.12': { title: 'a timer cleans up, after a look into the IRR', options: kernel612 },
  '6.17': {
    title: 'as 6.12, and a CPU that has the irq now waits for the handler on the one that had it',
    options: { ...kernel612, waitsForHandler: true },
  },
  'ipi-unchecked': {
    title: '6.1 without the look into the IRR',
    options: { ...kernel61, checksIrr: false },
  },
  'timer-unchecked': {
    title: '6.12 without the look into the IRR (known bad)',
    options: { ...kernel612, checksIrr: false },
  },
  'at-once': {
    title: 'the old vector is freed by the move itself (known bad)',
    options: { ...kernel612, waits: false },
  },
  overtaking: {
    title: '6.12 on a bus where a message may overtake the one before it',
    options: { ...kernel612, ordered: false },
  },
};

const problems = {
  stray: 'an interrupt of a live irq meets a slot that is already free: "No irq handler for vector"',
  loss: 'an interrupt is never handled, nor any after it',
};

export const vectorMoveRace: Race = {
  name: 'vector-move',
  title: 'An interrupt is moved to another CPU while one is on its way to the old one',
  variants: Object.fromEntries(Object.entries(variants).map(([id, { title }]) => [id, title])),
  problems,
  bounds: {
    raises: { title: 'interrupts that the device raises', default: 3, max: 9 },
    moves: { title: 'times that it is moved', default: 2, max: 9 },
  },
  expected: {
    '6.1': [],
    '6.12': [],
    '6.17': [],
    'ipi-unchecked': [],
    'timer-unchecked': ['stray', 'loss'],
    'at-once': ['stray', 'loss'],
    overtaking: ['stray', 'loss'],
  },
  shown: [
    ['at-once', 'loss'],
    ['timer-unchecked', 'stray'],
  ],
  conclusions: [
    'All three kernels hold: whatever is late finds its descriptor, on an ordered bus.',
    'The look into the IRR, “paranoia” in the source, is what a timer needs. The IPI of 6.1 would do without: its priority is the lowest, so a pending interrupt is taken first.',
    'If a message could overtake the one before it, no look into the IRR would help: it is not there yet.',
  ],
  scenario(variant, problem, bounds) {
    const { raises = 0, moves = 0 } = bounds;
    const whole = vectorMove({ ...variants[variant]!.options, raises, moves });
    return problem === 'stray' ? { ...whole, leadsTo: [] } : { ...whole, invariants: [] };
  },
};
