/** The fate of each of many virtio-blk disks that are probed one after the other on one machine. */
import { VectorDomain } from '../msi/domain.ts';
import { SimulatedMatrix, type SimulateOptions } from '../vector/simulate.ts';
import { climb, type LadderState } from './ladder.ts';
import type { Disk, DiskBehaviour, DiskMachine, DiskPrediction, DisksPrediction } from './types.ts';

export function predictDisks(
  machine: DiskMachine,
  disks: readonly Disk[],
  onEvent?: SimulateOptions['onEvent'],
): DisksPrediction {
  const host = new DiskHost(machine, onEvent);
  const predictions = disks.map((disk) => host.probe(disk));
  const find = (test: (disk: DiskPrediction) => boolean) => predictions.find(test)?.index;
  return {
    disks: predictions,
    firstFailing: find(({ rung }) => rung === 'failed'),
    firstDegraded: find(({ rung }) => rung !== 'each'),
    end: host.matrix.snapshot(),
  };
}

/** A machine that disks are plugged into and taken from. */
export class DiskHost {
  readonly matrix: SimulatedMatrix;
  readonly #state: LadderState;
  readonly #releases = new Map<string, () => void>();
  #probed = 0;

  constructor(machine: DiskMachine, onEvent?: SimulateOptions['onEvent']) {
    const { behaviour } = machine;
    this.matrix = new SimulatedMatrix(machine.matrix, { ...behaviour, ...(onEvent ? { onEvent } : {}) });
    const possible = machine.matrix.cpus.map(({ cpu }) => cpu);
    const online = machine.matrix.cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu);
    const { affinityBeforeNode } = behaviour;
    this.#state = {
      machine,
      possible,
      online,
      defaults: machine.defaultAffinity ?? possible,
      domain: new VectorDomain(this.matrix, { online, nodes: machine.nodes, affinityBeforeNode }),
      lines: new Map(machine.lines),
      linePlaces: new Map(),
      masks: new Map(),
      settled: new Map(),
    };
  }

  probe(disk: Disk): DiskPrediction {
    const { matrix } = this;
    const before = matrix.globalAvailable;
    const exceeded = matrix.exceeded;
    const { messages, errno, release, ...end } = climb(this.#state, disk);
    this.#releases.set(disk.name, release);
    const warned = Array<string>(matrix.exceeded - exceeded).fill(
      'Interrupt reservation exceeds available resources',
    );
    const { behaviour } = this.#state.machine;
    const failure = errno === undefined ? [] : [failureMessage(behaviour, disk, errno)];
    const index = this.#probed;
    this.#probed += 1;
    return {
      index,
      name: disk.name,
      ...end,
      ...(errno === undefined ? {} : { errno }),
      messages: [...warned, ...messages, ...failure],
      slots: before - matrix.globalAvailable,
      available: matrix.globalAvailable,
      reserved: matrix.globalReserved,
      allocated: matrix.totalAllocated,
    };
  }

  /** The driver is unbound from a disk that was probed. */
  remove(name: string): void {
    this.#releases.get(name)?.();
    this.#releases.delete(name);
  }
}

/** drivers/base/dd.c call_driver_probe, really_probe. */
function failureMessage(behaviour: DiskBehaviour, disk: Disk, errno: number): string {
  return behaviour.failureNamesDriver
    ? `virtio_blk ${disk.name}: probe with driver virtio_blk failed with error ${errno}`
    : `virtio_blk: probe of ${disk.name} failed with error ${errno}`;
}
