/**
 * A device is unplugged while one of its interrupts is in flight, and the vector that it had goes to another device.
 *
 * Read: kernel/irq/manage.c (__free_irq: shut down, synchronize, then deactivate), arch/x86/kernel/apic/vector.c
 * (clear_irq_vector: VECTOR_SHUTDOWN since 9345005f4eed, the bit is free at once; x86_vector_activate),
 * kernel/irq/chip.c (handle_edge_irq: without an action nothing runs), drivers/pci/msi/msi.c (nothing is written to a
 * device that is gone, so nothing is masked or read back either), drivers/pci/hotplug/pciehp_pci.c
 * (pciehp_unconfigure_device: a surprise is told to the driver as a disconnected device).
 */
import { anyTime, Bytes, placesOf, program, type Step } from '../build.ts';
import {
  commonInterrupt,
  DESC,
  entryPlaces,
  HANDLING,
  IDLE,
  SHUTDOWN,
  slotWords,
  UNUSED,
} from '../common-interrupt.ts';
import type { Scenario, State } from '../scenario.ts';

export interface UnplugOptions {
  /** ce0b5eedcb75: a slot without a handler is read again under vector_lock. */
  locking: boolean;
  /** free_irq waits for a handler that runs. */
  synchronizes: boolean;
  /** 9345005f4eed: a freed slot is marked VECTOR_SHUTDOWN, so that one late interrupt is passed over silently. */
  marks: boolean;
  /** The vector is given to nobody while a late interrupt may still come. */
  rests: boolean;
  /** The device is gone before its driver knows; otherwise the driver silences it first. */
  surprise: boolean;
  raises: number;
}

const OTHER = DESC + 1;

export function unplug(o: UnplugOptions): Scenario {
  const remove = removal(o);
  const probe: Step[] = [];
  const b = new Bytes({
    remove: placesOf(remove),
    probe: placesOf([{ id: 'activate' }, { id: 'start' }]),
    present: 'number',
    raises: 'number',
    // Messages of the device under way.
    flying: 'number',
    // The irq of the device is disabled, its handler's data is freed.
    disabled: 'number',
    freed: 'number',
    // The other device: it may raise once; it waits for that to be handled.
    otherRaises: 'number',
    otherOwed: 'number',
    foreign: 'number',
    stray: 'number',
    stands: [...entryPlaces, 'end'],
    irr: 'number',
    slot: slotWords,
    register: slotWords,
  });
  const { at } = b;
  const mayBeLate = (s: State) => s[at.flying] !== 0 || s[at.irr] === 1 || s[at.stands] !== IDLE;
  const changes: Record<string, Pick<Step, 'when' | 'run'>> = {
    learn: { when: (s) => s[at.present] === 0 },
    quiesce: {
      run(next) {
        next[at.present] = 0;
      },
    },
    'read-back': { when: (s) => s[at.flying] === 0 },
    mask: {
      run(next) {
        next[at.disabled] = 1;
      },
    },
    synchronize: { when: (s) => !(s[at.stands] === HANDLING && s[at.register] === DESC) },
    deactivate: {
      run(next) {
        next[at.slot] = o.marks ? SHUTDOWN : UNUSED;
      },
    },
    free: {
      run(next) {
        next[at.freed] = 1;
      },
    },
  };
  probe.push(
    {
      ...{ id: 'activate', text: 'request_irq(): x86_vector_activate(): the same vector', fair: false },
      when: (s) => s[at.slot]! < DESC && !(o.rests && mayBeLate(s)),
      run(next) {
        next[at.slot] = OTHER;
      },
    },
    {
      ...{ id: 'start', text: 'starts the other device' },
      run(next) {
        next[at.otherRaises] = 1;
      },
    },
  );

  return {
    name: 'unplug',
    title: 'A device is unplugged while one of its interrupts is in flight',
    processes: ['CPU0', 'device', 'CPU1', 'CPU2', 'other device'],
    bounds: `2 devices, 1 CPU that takes interrupts, 1 vector, ${o.raises} raises, 1 of the other device`,
    width: b.width,
    init: [b.state({ present: 1, raises: o.raises, slot: DESC })],
    actions: [
      ...program(
        'CPU0',
        at.remove,
        remove.map((step) => ({ ...step, ...changes[step.id] })),
      ),
      ...program('CPU2', at.probe, probe),
      ...anyTime('device', [
        {
          ...{ id: 'raise', text: 'raises its interrupt', fair: false },
          when: (s) => s[at.present] === 1 && s[at.raises]! > 0,
          run(next, s) {
            next[at.raises] = s[at.raises]! - 1;
            next[at.flying] = s[at.flying]! + 1;
          },
        },
        {
          ...{ id: 'arrive', text: 'its message arrives' },
          when: (s) => s[at.flying]! > 0,
          run(next, s) {
            next[at.flying] = s[at.flying]! - 1;
            next[at.irr] = 1;
          },
        },
        {
          ...{ id: 'vanish', text: 'is pulled out', fair: false },
          when: (s) => o.surprise && s[at.present] === 1,
          run(next) {
            next[at.present] = 0;
          },
        },
      ]),
      ...anyTime('other device', [
        {
          ...{ id: 'raise-other', text: 'raises its interrupt', fair: false },
          when: (s) => s[at.otherRaises] === 1,
          run(next) {
            next[at.otherRaises] = 0;
            next[at.otherOwed] = 1;
            next[at.irr] = 1;
          },
        },
      ]),
      ...commonInterrupt({
        ...{ process: 'CPU1', at, locking: o.locking },
        runs: (s, descriptor) => descriptor === OTHER || s[at.disabled] === 0,
        handled(next, s, descriptor) {
          if (descriptor === OTHER) {
            if (s[at.otherOwed] === 0) next[at.foreign] = 1;
            next[at.otherOwed] = 0;
          }
          return false;
        },
        stray(next) {
          next[at.stray] = 1;
        },
      }),
    ],
    invariants: [
      {
        text: 'once the other device is started, the slot holds its descriptor',
        holds: (s) => probe[s[at.probe]!] !== undefined || s[at.slot] === OTHER,
      },
      {
        text: 'no handler runs with data that is freed',
        holds: (s) => s[at.freed] === 0 || s[at.stands] !== HANDLING || s[at.register] !== DESC,
      },
      { text: 'a handler runs only for its own device', holds: (s) => s[at.foreign] === 0 },
      { text: 'no CPU prints "No irq handler for vector"', holds: (s) => s[at.stray] === 0 },
    ],
    sometimes: [
      {
        text: 'an interrupt comes after the vector was freed',
        holds: (s) => s[at.freed] === 1 && s[at.irr] === 1 && s[at.otherOwed] === 0,
      },
      { text: 'the vector is the other device’s', holds: (s) => s[at.slot] === OTHER },
    ],
    leadsTo: [
      {
        text: 'an interrupt of the other device is handled',
        from: (s) => s[at.otherOwed] === 1,
        to: (s) => s[at.otherOwed] === 0,
      },
    ],
    isEnd: (s) => s[at.remove] === 0 || remove[s[at.remove]!] === undefined,
    describe: (s) => b.describe(s, ['slot', 'irr', 'disabled', 'freed', 'otherOwed']),
    view: (s) => b.view(s),
  };
}

function removal({ surprise, synchronizes }: UnplugOptions): Step[] {
  return [
    ...(surprise
      ? [{ id: 'learn', text: 'pciehp: the device is gone' }]
      : [
          { id: 'quiesce', text: 'the driver silences the device', fair: false },
          { id: 'read-back', text: 'reads a register of it' },
        ]),
    { id: 'mask', text: surprise ? 'free_irq(): no action any more' : 'free_irq(): mask()' },
    ...(synchronizes ? [{ id: 'synchronize', text: '__synchronize_irq()' }] : []),
    { id: 'deactivate', text: 'x86_vector_deactivate(): the slot is free' },
    { id: 'free', text: 'kfree() of what the handler uses' },
  ];
}
