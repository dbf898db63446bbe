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
import { Bytes, placesOf, program, type Step } from '../build.ts';
import { commonInterrupt, DESC, IDLE, RETRIGGERED, UNUSED } from '../common-interrupt.ts';
import type { Scenario, State } from '../scenario.ts';
import { cpuPlaces, deviceBytes, deviceOnBus, handledAtLast, twoCpuBytes } from '../two-cpus.ts';

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
    cpu: 'number',
    prev: 'number',
    stray: 'number',
    ...deviceBytes,
    ...twoCpuBytes,
  });
  const { at } = b;
  const [cpu1, cpu2] = [cpuPlaces(at, 'CPU1'), cpuPlaces(at, 'CPU2')];
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
      ...deviceOnBus(at, true),
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
    leadsTo: [handledAtLast(at)],
    isEnd: (s) => s[at.stopped] === 0,
    describe: (s) => b.describe(s, ['cpu', 'owed', 'CPU1.irr', 'CPU1.slot', 'CPU2.slot']),
    view: (s) => b.view(s),
  };
}
