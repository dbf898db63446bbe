/**
 * An interrupt is moved to another CPU while one is still on its way to the old CPU: when may the old vector be freed?
 *
 * Read, 6.1, 6.12 and 7.2: arch/x86/kernel/apic/vector.c (apic_update_vector, in 7.2 chip_data_update: the old vector stays,
 * move_in_progress; irq_complete_move, from apic_ack_edge: the first interrupt on the new CPU schedules the clean-up on the old one;
 * sysvec_irq_move_cleanup in 6.1, vector_cleanup_callback in 6.12, both look into the IRR first; assign_vector_locked:
 * -EBUSY while a clean-up is open), drivers/pci/msi/msi.c (writing the message). What irq_set_affinity
 * does under desc->lock and vector_lock is one step; writing the message another. A vector a CPU is enough: a move back
 * is refused as long as the old one is not free.
 */
import { anyTime, Bytes, placesOf, program, type Step } from '../build.ts';
import { commonInterrupt, DESC, HANDLING, holds, IDLE, UNUSED } from '../common-interrupt.ts';
import type { Action, Scenario, State } from '../scenario.ts';
import { cpuPlaces, deviceBytes, deviceOnBus, handledAtLast, twoCpuBytes } from '../two-cpus.ts';

export interface VectorMoveOptions {
  /** 6.1: an IPI of the lowest priority, so a pending device interrupt is taken first. 6.12: a timer. */
  cleanup: 'ipi' | 'timer';
  /** The clean-up is put off while the vector's bit is in the IRR. */
  checksIrr: boolean;
  /** The old vector is freed when the first interrupt came in on the new CPU; `false`: at once. */
  waits: boolean;
  /**
   * The handler is running on the other CPU, and the interrupt comes in where the irq is now. `false`: that CPU is left to
   * go round again, for ever if the device is fast enough; `true`: this one waits for it (8d39d6ec4db5 genirq: Prevent
   * migration live lock in handle_edge_irq(), 6.17).
   */
  waitsForHandler: boolean;
  /** Messages arrive in the order in which they were sent. */
  ordered: boolean;
  raises: number;
  moves: number;
}

const cpus = [0, 1] as const;

export function vectorMove(o: VectorMoveOptions): Scenario {
  const cleanupPlaces = ['idle', 'free'];
  const task: Step[] = [];
  const b = new Bytes({
    task: placesOf([{ id: 'assign' }, { id: 'write-message' }]),
    moves: 'number',
    // Where the vector is, and where it was: 0 nowhere, 1 CPU1, 2 CPU2.
    cpu: 'number',
    prev: 'number',
    inProgress: 'number',
    // IRQS_PENDING.
    pending: 'number',
    stray: 'number',
    ...deviceBytes,
    ...twoCpuBytes,
    'CPU1.off': 'number',
    'CPU1.cleanup': 'number',
    'CPU1.cleaning': cleanupPlaces,
    'CPU2.off': 'number',
    'CPU2.cleanup': 'number',
    'CPU2.cleaning': cleanupPlaces,
  });
  const { at } = b;
  const of = (c: number) => {
    const name = c === 0 ? 'CPU1' : 'CPU2';
    return {
      ...cpuPlaces(at, name),
      ...{ off: at[`${name}.off`], cleanup: at[`${name}.cleanup`], cleaning: at[`${name}.cleaning`], name },
    };
  };
  const free = (next: State, s: State) => {
    next[of(s[at.prev]! - 1).slot] = UNUSED;
    next[at.prev] = 0;
    next[at.inProgress] = 0;
  };
  task.push(
    {
      ...{ id: 'assign', text: 'irq_set_affinity(): a vector on the other CPU', fair: false },
      // -EBUSY while the clean-up of the last move is open.
      when: (s) => s[at.moves]! > 0 && s[at.prev] === 0,
      run(next, s) {
        const old = s[at.cpu]!;
        next[at.moves] = s[at.moves]! - 1;
        next[at.cpu] = 3 - old;
        next[of(2 - old).slot] = DESC;
        next[at.prev] = old;
        next[at.inProgress] = 1;
        if (!o.waits) free(next, next);
      },
    },
    {
      ...{ id: 'write-message', text: 'write_msg(msg)' },
      run(next, s) {
        next[at.message] = s[at.cpu]!;
        return 'assign';
      },
    },
  );
  const actions: Action[] = [
    ...program('CPU0', at.task, task),
    ...deviceOnBus(at, o.ordered),
    ...cpus.flatMap((c) => cpuActions(c)),
  ];

  function cpuActions(c: number): Action[] {
    const cpu = of(c);
    return [
      ...commonInterrupt({
        ...{ process: cpu.name, at: cpu, locking: true },
        isOn: (s) => s[cpu.off] === 0 && s[cpu.cleaning] === 0,
        ack(next, s) {
          // irq_complete_move: this CPU is the new target.
          if (s[at.inProgress] === 0 || s[at.cpu] !== c + 1) return;
          next[at.inProgress] = 0;
          next[of(s[at.prev]! - 1).cleanup] = 1;
        },
        // The effective affinity is this CPU.
        waits: (s) => o.waitsForHandler && s[of(1 - c).stands] === HANDLING && s[at.cpu] === c + 1,
        // IRQD_IRQ_INPROGRESS: the CPU that is at it will see it.
        runs: (s) => s[of(1 - c).stands] !== HANDLING,
        deferred(next) {
          next[at.pending] = 1;
        },
        handled(next, s) {
          next[at.owed] = 0;
          next[at.pending] = 0;
          return s[at.pending] === 1;
        },
        stray(next) {
          next[at.stray] = 1;
        },
      }),
      ...anyTime(cpu.name, [
        {
          ...{ id: 'interrupts-off', text: 'interrupts off', fair: false },
          // A pending interrupt is taken before the next instruction.
          when: (s) =>
            s[cpu.stands] === IDLE && s[cpu.cleaning] === 0 && s[cpu.off] === 0 && s[cpu.irr] === 0,
          run(next) {
            next[cpu.off] = 1;
          },
        },
        {
          ...{ id: 'interrupts-on', text: 'interrupts on' },
          when: (s) => s[cpu.off] === 1,
          run(next) {
            next[cpu.off] = 0;
          },
        },
      ]),
      ...program(cpu.name, cpu.cleaning, [
        {
          ...{
            id: 'cleanup',
            place: 'idle',
            text: cleanupText(o, o.checksIrr ? 'not in the IRR' : 'whatever the IRR says'),
          },
          when: (s) => cleans(s, c) && !(o.checksIrr && s[cpu.irr]),
        },
        {
          ...{ id: 'put-off', place: 'idle', text: cleanupText(o, 'in the IRR: later') },
          when: (s) => cleans(s, c) && o.checksIrr && s[cpu.irr] === 1,
          run: () => 'idle',
        },
        {
          ...{ id: 'free', text: 'free_moved_vector(): slot = VECTOR_UNUSED' },
          run(next, s) {
            next[cpu.cleanup] = 0;
            free(next, s);
            return 'idle';
          },
        },
      ]),
    ];
  }

  /**
   * The clean-up runs with interrupts off. What is pending was taken before an IPI of the lowest priority; a message
   * can come in the moment in which a timer turns interrupts off.
   */
  function cleans(s: State, c: number): boolean {
    const cpu = of(c);
    if (s[cpu.cleanup] === 0 || s[cpu.stands] !== IDLE || s[cpu.off] === 1) return false;
    return o.cleanup === 'timer' || s[cpu.irr] === 0;
  }

  return {
    name: 'vector-move',
    title: 'An interrupt is moved to another CPU while one is on its way to the old one',
    processes: ['CPU0', 'device', 'CPU1', 'CPU2'],
    bounds: `1 device, 2 CPUs with 1 vector each, ${o.raises} raises, ${o.moves} moves, 2 messages under way`,
    width: b.width,
    init: [b.state({ moves: o.moves, raises: o.raises, cpu: 1, message: 1, 'CPU1.slot': DESC })],
    actions,
    invariants: [
      { text: 'no CPU finds an interrupt of a live irq without a handler', holds: (s) => s[at.stray] === 0 },
    ],
    sometimes: [
      {
        text: 'an interrupt is in the IRR of the old CPU after the move',
        holds: (s) => s[at.cpu] === 2 && s[at.message] === 2 && s[at['CPU1.irr']] === 1,
      },
      {
        text: 'an interrupt comes in on the new CPU while the handler runs on the old one',
        holds: (s) => s[at.cpu] === 2 && holds(s, of(1), DESC) && s[of(0).stands] === HANDLING,
      },
      { text: 'every move is done', holds: (s) => s[at.moves] === 0 },
    ],
    leadsTo: [handledAtLast(at)],
    isEnd: (s) => s[at.task] === 0,
    describe: (s) => b.describe(s, ['cpu', 'prev', 'owed', 'CPU1.slot', 'CPU2.slot']),
    view: (s) => b.view(s),
  };
}

function cleanupText({ cleanup }: VectorMoveOptions, what: string): string {
  return `${cleanup === 'ipi' ? 'sysvec_irq_move_cleanup()' : 'vector_cleanup_callback()'}: ${what}`;
}
