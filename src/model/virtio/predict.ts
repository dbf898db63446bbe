/** The fate of each of many virtio-blk disks that are probed one after the other on one machine. */
import { SimulatedMatrix, type SimulateOptions } from '../vector/simulate.ts';
import { climb, type LadderState } from './ladder.ts';
import type { Disk, DiskBehaviour, DiskMachine, DiskPrediction, DisksPrediction } from './types.ts';

export function predictDisks(
  machine: DiskMachine,
  disks: readonly Disk[],
  onEvent?: SimulateOptions['onEvent'],
): DisksPrediction {
  const { behaviour } = machine;
  const matrix = new SimulatedMatrix(machine.matrix, { ...behaviour, ...(onEvent ? { onEvent } : {}) });
  const possible = machine.matrix.cpus.map(({ cpu }) => cpu);
  const online = machine.matrix.cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu);
  const { affinityBeforeNode } = behaviour;
  const state: LadderState = {
    machine: { ...machine, online, affinityBeforeNode },
    possible,
    defaults: machine.defaultAffinity ?? possible,
    matrix,
    lines: new Map(machine.lines),
    masks: new Map(),
  };
  const predictions = disks.map((disk, index) => predictOne(state, disk, index));
  const find = (test: (disk: DiskPrediction) => boolean) => predictions.find(test)?.index;
  return {
    disks: predictions,
    firstFailing: find(({ rung }) => rung === 'failed'),
    firstDegraded: find(({ rung }) => rung !== 'each'),
    end: matrix.snapshot(),
  };
}

function predictOne(state: LadderState, disk: Disk, index: number): DiskPrediction {
  const { matrix } = state;
  const before = matrix.globalAvailable;
  const exceeded = matrix.exceeded;
  const { messages, errno, ...end } = climb(state, disk);
  const warned = Array<string>(matrix.exceeded - exceeded).fill(
    'Interrupt reservation exceeds available resources',
  );
  const failure = errno === undefined ? [] : [failureMessage(state.machine.behaviour, disk, errno)];
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

/** drivers/base/dd.c call_driver_probe, really_probe. */
function failureMessage(behaviour: DiskBehaviour, disk: Disk, errno: number): string {
  return behaviour.failureNamesDriver
    ? `virtio_blk ${disk.name}: probe with driver virtio_blk failed with error ${errno}`
    : `virtio_blk: probe of ${disk.name} failed with error ${errno}`;
}
