/** What could be done about disks that fail, each tried on the model. */
import type { KernelFeatures } from '../features.ts';
import { SimulatedMatrix } from '../vector/simulate.ts';
import { type Description, described } from './description.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import { DiskHost, predictDisks } from './predict.ts';
import type { DiskBehaviour } from './types.ts';

export type RemedyId =
  | 'fewer-queues'
  | 'no-affinity-hint'
  | 'one-cpu-full'
  | 'fewer-possible-cpus'
  | 'interrupt-pins'
  | 'unplug';

export interface RemedyOutlook extends Outlook {
  id: RemedyId;
  title: string;
  /** `unplug`: how many disks have to go until all others work; undefined: no number helps. */
  unplugged?: number;
}

export function remedyOutlooks(
  description: Description,
  features: KernelFeatures,
  behaviour: DiskBehaviour,
): RemedyOutlook[] {
  const { queues, cpus, possible, intx } = description;
  const tried = (id: RemedyId, title: string, change: Partial<Description>): RemedyOutlook => {
    const { machine, disks } = described({ ...description, ...change }, features, behaviour);
    return { id, title, ...outlookOf(predictDisks(machine, disks)) };
  };
  const outlooks: RemedyOutlook[] = [];
  if (queues > 1) outlooks.push(tried('fewer-queues', 'one queue a disk', { queues: 1 }));
  if (description.affinity)
    outlooks.push(tried('no-affinity-hint', 'a driver that does not ask for affinity', { affinity: false }));
  if (description.affinity && cpus > 1) outlooks.push(oneCpuFull(description, features, behaviour));
  // A seed that was read has its own CPUs.
  if (possible > cpus && !description.seed)
    outlooks.push(
      tried('fewer-possible-cpus', `no CPU possible but those online (nr_cpus=${cpus})`, { possible: cpus }),
    );
  if (intx === 'pinless')
    outlooks.push(tried('interrupt-pins', 'disks with an interrupt pin', { intx: 'routed' }));
  outlooks.push(unplug(description, features, behaviour));
  return outlooks;
}

/** With one CPU full, no managed vector can be had, and SHARED takes two ordinary ones anywhere. */
function oneCpuFull(
  description: Description,
  features: KernelFeatures,
  behaviour: DiskBehaviour,
): RemedyOutlook {
  const { machine, disks } = described(description, features, behaviour);
  const matrix = new SimulatedMatrix(machine.matrix, behaviour);
  const last = description.cpus - 1;
  while (matrix.available(last) > 0) matrix.alloc([last], false);
  return {
    id: 'one-cpu-full',
    title: 'interrupts concentrated until one CPU has no vector left, before the driver is loaded',
    ...outlookOf(predictDisks({ ...machine, matrix: matrix.snapshot() }, disks)),
  };
}

/** Disks that work are taken away one by one, the first first, and those that failed are probed again. */
function unplug(description: Description, features: KernelFeatures, behaviour: DiskBehaviour): RemedyOutlook {
  const { machine, disks } = described(description, features, behaviour);
  const host = new DiskHost(machine);
  const working = disks.map((disk) => host.probe(disk));
  const left = new Set(working.filter(({ rung }) => rung !== 'failed').map(({ name }) => name));
  const candidates = [...left];
  const failed = disks.filter(({ name }) => !left.has(name));
  let best = working.filter(({ rung }) => rung === 'each').length;
  let unplugged = 0;
  while (failed.length > 0 && unplugged < candidates.length) {
    const name = candidates[unplugged]!;
    if (working.find((disk) => disk.name === name)!.rung === 'each') best -= 1;
    host.remove(name);
    unplugged += 1;
    while (failed.length > 0) {
      const again = host.probe(failed[0]!);
      if (again.rung === 'failed') break;
      if (again.rung === 'each') best += 1;
      failed.shift();
    }
  }
  const { matrix } = host;
  const outlook: RemedyOutlook = {
    id: 'unplug',
    title: 'disks unplugged until the others work',
    working: disks.length - unplugged - failed.length,
    best,
    firstFailing: failed.length > 0 ? disks.indexOf(failed[0]!) : undefined,
    left: matrix.globalAvailable,
    allocated: matrix.totalAllocated,
  };
  return failed.length > 0 ? outlook : { ...outlook, unplugged };
}
