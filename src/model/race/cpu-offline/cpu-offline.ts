/**
 * A CPU goes offline while an interrupt is on its way to it: its interrupts are moved away with all CPUs stopped, and
 * what already waits in its IRR is sent again, to the new CPU.
 *
 * Read, the same in 6.1 and 6.12: arch/x86/kernel/irq.c (fixup_irqs: move all, wait 1 ms, then look at every slot
 * that holds a descriptor: in the IRR → retrigger and VECTOR_RETRIGGERED, else VECTOR_UNUSED), kernel/irq/cpuhotplug.c
 * (migrate_one_irq), arch/x86/kernel/apic/vector.c (irq_force_complete_move frees the old vector of a move that is
 * still in progress, with the comment on what may be lost; apic_update_vector: the CPU is already marked offline, so
 * nothing is left to clean up), drivers/pci/msi/msi.c (the message of an MSI-X vector is read back, which pushes
 * earlier messages before it), kernel/stop_machine.c (all CPUs turn interrupts off together, and on again).
 */
import { anyTime, Bytes, placesOf, program, type Step } from '../build.ts';
import {
  commonInterrupt,
  DESC,
  entryPlaces,
  IDLE,
  RETRIGGERED,
  slotWords,
  UNUSED,
} from '../common-interrupt.ts';
import type { Scenario, State } from '../scenario.ts';

export interface CpuOfflineOptions {
  /** fixup_irqs looks into the IRR and sends again what waits there. */
  retriggers: boolean;
  /** What was sent again is marked VECTOR_RETRIGGERED, so that nobody wonders when it still comes. */
  marks: boolean;
  /** mdelay(1): every message that was under way has arrived. */
  delays: boolean;
  /** A message is read back after it was written, so that what the device sent before has arrived. */
  readsBack: boolean;
  /** The interrupt is being moved from the CPU to the other one already, when the CPU goes. */
  moving: boolean;
  raises: number;
}

export function cpuOffline(o: CpuOfflineOptions): Scenario {
  const steps: Step[] = [];
  const b = new Bytes({
    stop: placesOf(
      [
        'assign',
        'write-message',
        'stop',
        'force-complete',
        'migrate',
        'write',
        'delay',
        'fixup',
        'start',
      ].map((id) => ({ id })),
    ),
    // All CPUs have interrupts off, in stop_machine.
    stopped: 'number',
    offline: 'number',
    raises: 'number',
    owed: 'number',
    cpu: 'number',
    prev: 'number',
    message: 'number',
    older: 'number',
    newer: 'number',
    stray: 'number',
    'CPU1.stands': [...entryPlaces, 'end'],
    'CPU1.irr': 'number',
    'CPU1.slot': slotWords,
    'CPU1.register': slotWords,
    'CPU2.stands': [...entryPlaces, 'end'],
    'CPU2.irr': 'number',
    'CPU2.slot': slotWords,
    'CPU2.register': slotWords,
  });
  const { at } = b;
  const cpu1 = {
    ...{ stands: at['CPU1.stands'], irr: at['CPU1.irr'] },
    ...{ slot: at['CPU1.slot'], register: at['CPU1.register'] },
  };
  const cpu2 = {
    ...{ stands: at['CPU2.stands'], irr: at['CPU2.irr'] },
    ...{ slot: at['CPU2.slot'], register: at['CPU2.register'] },
  };
  const isUnderWayTo1 = (s: State) => s[at.older] === 1 || s[at.newer] === 1;
  const assign = (next: State) => {
    next[at.cpu] = 2;
    next[cpu2.slot] = DESC;
  };
  const write: Step['run'] = (next) => {
    next[at.message] = 2;
  };
  if (o.moving)
    steps.push(
      {
        ...{ id: 'assign', text: 'irq_set_affinity(): a vector on CPU2' },
        run(next) {
          assign(next);
          next[at.prev] = 1;
        },
      },
      { id: 'write-message', text: 'write_msg(msg)', run: write },
    );
  if (o.moving && o.readsBack)
    steps.push({ id: 'read-back', text: 'reads it back', when: (s) => !isUnderWayTo1(s) });
  steps.push(
    {
      ...{ id: 'stop', text: 'stop_machine(): interrupts off everywhere', fair: false },
      // A pending interrupt is taken before the next instruction.
      when: (s) => [cpu1, cpu2].every(({ stands, irr }) => s[stands] === IDLE && s[irr] === 0),
      run(next) {
        next[at.stopped] = 1;
      },
    },
    {
      ...{ id: 'force-complete', text: 'irq_force_complete_move(): an old vector here is freed' },
      run(next, s) {
        if (s[at.prev] === 1) next[cpu1.slot] = UNUSED;
        next[at.prev] = 0;
      },
    },
    {
      ...{ id: 'migrate', text: 'migrate_one_irq(): a vector on CPU2' },
      run(next, s) {
        if (s[at.cpu] === 1) assign(next);
      },
    },
    { id: 'write', text: 'write_msg(msg)', run: write },
  );
  if (o.readsBack) steps.push({ id: 'read', text: 'reads it back', when: (s) => !isUnderWayTo1(s) });
  if (o.delays) steps.push({ id: 'delay', text: 'mdelay(1)', when: (s) => !isUnderWayTo1(s) });
  steps.push(
    {
      ...{ id: 'fixup', text: 'fixup_irqs(): in the IRR: sent again, to CPU2' },
      when: (s) => s[cpu1.slot] === DESC && o.retriggers && s[cpu1.irr] === 1,
      run(next) {
        next[cpu2.irr] = 1;
        next[cpu1.slot] = o.marks ? RETRIGGERED : UNUSED;
      },
    },
    {
      ...{ id: 'fixup', text: 'fixup_irqs(): slot = VECTOR_UNUSED' },
      when: (s) => !(s[cpu1.slot] === DESC && o.retriggers && s[cpu1.irr] === 1),
      run(next) {
        next[cpu1.slot] = UNUSED;
      },
    },
    {
      ...{ id: 'start', text: 'interrupts on again' },
      run(next) {
        next[at.stopped] = 0;
        next[at.offline] = 1;
      },
    },
  );
  const places = placesOf(steps);
  const entry = (process: string, cpu: typeof cpu1) =>
    commonInterrupt({
      ...{ process, at: cpu, locking: true },
      isOn: (s) => s[at.stopped] === 0,
      ack(next, s) {
        // irq_complete_move; the clean-up itself is vector-move's business.
        if (cpu === cpu2 && s[at.prev] === 1) next[at.prev] = 0;
      },
      handled(next) {
        next[at.owed] = 0;
        return false;
      },
      stray(next) {
        next[at.stray] = 1;
      },
    });

  return {
    name: 'cpu-offline',
    title: 'A CPU goes offline while an interrupt is on its way to it',
    processes: ['CPU0', 'device', 'CPU1', 'CPU2'],
    bounds: `1 device, 2 CPUs with 1 vector each, ${o.raises} raises, 2 messages under way, CPU1 goes offline once`,
    width: b.width,
    init: [b.state({ stop: 0, raises: o.raises, cpu: 1, message: 1, 'CPU1.slot': DESC })],
    actions: [
      ...program('CPU0', at.stop, steps).map((action, i) => ({
        ...action,
        process: places.indexOf('force-complete') <= places.indexOf(steps[i]!.id) ? 'CPU1' : 'CPU0',
      })),
      ...anyTime('device', [
        {
          ...{ id: 'raise', text: 'raises its interrupt', fair: false },
          when: (s) => s[at.raises]! > 0 && s[at.newer] === 0,
          run(next, s) {
            next[at.raises] = s[at.raises]! - 1;
            next[at.owed] = 1;
            next[s[at.older] ? at.newer : at.older] = s[at.message]!;
          },
        },
        {
          ...{ id: 'arrive', text: 'its message arrives' },
          when: (s) => s[at.older] !== 0,
          run(next, s) {
            next[s[at.older] === 1 ? cpu1.irr : cpu2.irr] = 1;
            next[at.older] = s[at.newer]!;
            next[at.newer] = 0;
          },
        },
      ]),
      ...entry('CPU1', cpu1),
      ...entry('CPU2', cpu2),
    ],
    invariants: [
      { text: 'no CPU finds an interrupt of a live irq without a handler', holds: (s) => s[at.stray] === 0 },
    ],
    sometimes: [
      o.moving
        ? {
            text: 'the move is in progress when the CPU goes',
            holds: (s) => s[at.stopped] === 1 && s[at.prev] === 1,
          }
        : {
            text: 'an interrupt waits in the IRR of the CPU that goes',
            holds: (s) => s[at.stopped] === 1 && s[cpu1.irr] === 1,
          },
      { text: 'the CPU is offline', holds: (s) => s[at.offline] === 1 },
    ],
    leadsTo: [
      {
        text: 'an interrupt that the device raised is handled',
        from: (s) => s[at.owed] === 1,
        to: (s) => s[at.owed] === 0,
      },
    ],
    isEnd: (s) => s[at.stopped] === 0,
    describe: (s) => b.describe(s, ['cpu', 'owed', 'CPU1.irr', 'CPU1.slot', 'CPU2.slot']),
    view: (s) => b.view(s),
  };
}
