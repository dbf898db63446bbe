/** What keeps an interrupt from being lost with the CPU that it was sent to. */
import type { Race } from '../race.ts';
import { type CpuOfflineOptions, cpuOffline } from './cpu-offline.ts';

type Options = Omit<CpuOfflineOptions, 'raises' | 'moving'>;
const kernel: Options = { retriggers: true, marks: true, delays: true, readsBack: true };

const variants: Readonly<Record<string, { title: string; options: Options }>> = {
  kernel: { title: '6.1 and 6.12, MSI-X', options: kernel },
  'no-retrigger': {
    title: 'the IRR is not looked at (known bad)',
    options: { ...kernel, retriggers: false },
  },
  'no-mark': { title: 'sent again, but not marked (known bad)', options: { ...kernel, marks: false } },
  'no-delay': { title: 'without mdelay(1)', options: { ...kernel, delays: false } },
  'no-read-back': {
    title: 'the message is written, and not read back',
    options: { ...kernel, readsBack: false },
  },
  neither: {
    title: 'neither the delay nor the reading back (known bad)',
    options: { ...kernel, delays: false, readsBack: false },
  },
};

const problems = {
  loss: 'an interrupt is never handled',
  'loss-moving': 'the same; when the CPU goes, the interrupt is already being moved to another',
  stray: 'an interrupt of a live irq meets a free slot: "No irq handler for vector"',
};

export const cpuOfflineRace: Race = {
  name: 'cpu-offline',
  title: 'A CPU goes offline while an interrupt is on its way to it',
  variants: Object.fromEntries(Object.entries(variants).map(([id, { title }]) => [id, title])),
  problems,
  bounds: { raises: { title: 'interrupts that the device raises', default: 3, max: 9 } },
  expected: {
    kernel: [],
    'no-retrigger': ['loss', 'stray'],
    'no-mark': ['stray'],
    'no-delay': [],
    'no-read-back': ['loss-moving'],
    neither: ['loss', 'loss-moving', 'stray'],
  },
  shown: [
    ['no-retrigger', 'loss'],
    ['no-read-back', 'loss-moving'],
  ],
  conclusions: [
    'Both kernels hold, for MSI-X: what waited in the IRR is sent again, and comes to the new CPU.',
    'The comment in irq_force_complete_move fears a loss when a move is in progress and a message is late. The reading back of the message, which is newer than the comment, closes that for MSI-X; without it the loss is there.',
    'mdelay(1) is not needed where the message is read back, and is where it is not.',
  ],
  scenario(variant, problem, { raises = 0 }) {
    const moving = problem === 'loss-moving';
    const whole = cpuOffline({ ...variants[variant]!.options, moving, raises });
    return problem === 'stray' ? { ...whole, leadsTo: [] } : { ...whole, invariants: [] };
  },
};
