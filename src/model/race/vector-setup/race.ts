/** The cures that were proposed for the vector set-up race, against both of its problems. */
import type { Race } from '../race.ts';
import type { Scenario } from '../scenario.ts';
import type { VectorSetupOptions } from './layout.ts';
import { vectorSetup } from './vector-setup.ts';

const cures: Readonly<Record<string, { title: string; options: Partial<VectorSetupOptions> }>> = {
  none: { title: 'no cure: 6.1, and every kernel before the fix', options: {} },
  locking: {
    title: 'the slot is read again under vector_lock: upstream, 6.17 and 6.12.42',
    options: { locking: true },
  },
  repair: { title: 'the slot is repaired after request_irq: rejected', options: { repair: true } },
  inject: { title: 'the interrupt is injected once more after the VFIO call', options: { inject: true } },
  'locking+inject': {
    title: 'both: read again, and injected',
    options: { locking: true, inject: true },
  },
};

interface Problem {
  title: string;
  options: Partial<VectorSetupOptions>;
  part: (whole: Scenario) => Partial<Scenario>;
}

const overwrite = { part: () => ({ leadsTo: [] }) };
const loss = { part: () => ({ invariants: [] }) };
const problems: Readonly<Record<string, Problem>> = {
  'overwrite-driver': {
    title:
      'the handler of a live vector is overwritten; the owner is a driver that silences its device first',
    options: { owner: 'driver' },
    ...overwrite,
  },
  'overwrite-vfio': {
    title: 'the same; the owner is VFIO, whose device goes on',
    options: { owner: 'vfio' },
    ...overwrite,
  },
  'loss-driver': {
    title: 'an interrupt is never handled, and the device waits for that; driver',
    options: { owner: 'driver' },
    ...loss,
  },
  'loss-vfio': { title: 'the same; VFIO', options: { owner: 'vfio' }, ...loss },
  'loss-qemu': {
    title:
      'the same; VFIO with its guest, which masks and unmasks, and QEMU, which switches the trigger each time',
    options: { owner: 'qemu' },
    ...loss,
  },
  'loss-vfio-no-ack': {
    title: 'the same; VFIO, and the device waits for no acknowledgement',
    options: { owner: 'vfio', waitsForAck: false },
    ...loss,
  },
};

const titles = (of: Readonly<Record<string, { title: string }>>): Record<string, string> =>
  Object.fromEntries(Object.entries(of).map(([id, { title }]) => [id, title]));

const all = Object.keys(problems);
const lossy = all.filter((id) => id.startsWith('loss-') && id !== 'loss-driver');

export const vectorSetupRace: Race = {
  name: 'vector-setup',
  title: 'A vector is torn down and set up again while an interrupt is on its way',
  variants: titles(cures),
  problems: titles(problems),
  bounds: {
    devices: { title: 'devices whose vectors are switched', default: 1, max: 2 },
    cpus: { title: 'CPUs that take interrupts', default: 1, max: 3 },
    raises: { title: 'interrupts that each device raises', default: 2, max: 99 },
    switches: { title: 'times that each vector is switched', default: 1, max: 99 },
    pauses: { title: 'times that a CPU turns its interrupts off', default: 1, max: 9 },
  },
  expected: { none: all, locking: lossy, repair: all, inject: all, 'locking+inject': [] },
  shown: [
    ['none', 'overwrite-vfio'],
    // The loss that the upstream fix leaves is the second problem; without a fix it hides behind the first.
    ['locking', 'loss-vfio'],
  ],
  conclusions: [
    'The overwrite is not VFIO’s alone: an ordinary driver that silences its device first has it too. Confirmed.',
    'The locking fix solves the overwrite for everybody, and does not rest on a later interrupt. Confirmed.',
    'The locking fix cannot solve VFIO’s loss: an interrupt that is handled while the slot is shut down is gone. Confirmed.',
    'The repair is no cure, not even of the overwrite: a CPU that is late enough wipes what was repaired. Confirmed.',
    'Injecting once more after the VFIO call cures the loss. Confirmed only together with the locking fix; alone it cures nothing, for the slot stays wiped.',
    'QEMU injects by itself only what reached its own eventfd while the guest had the vector masked; the interrupt that the host threw away is not among those. What the report left open (“maybe that’s the case today already”): it is not.',
  ],
  scenario(variant, problem, bounds) {
    const { options, part } = problems[problem]!;
    const whole = vectorSetup({ ...bounds, ...cures[variant]!.options, ...options });
    return { ...whole, ...part(whole) };
  },
};
