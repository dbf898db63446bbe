/** How many virtio disks a machine takes, by the model: all CPUs online. */
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import { forecasts } from '../model/virtio/description.ts';

export interface Machine {
  cpus: number;
  nodes: number;
  queues: number;
  /** `pci_dev->irq` of every disk is 0. */
  pinless: boolean;
  /** `uname -r`; where it tells nothing, a kernel that the model knows well. */
  release: string | undefined;
  /** Vectors of other functions; default none. */
  inUse?: number;
  /** Ports with a vector each; default none. */
  ports?: number;
}

export interface Capacity {
  /** Disks with a vector for each queue, disks with any interrupt at all. */
  best: number;
  any: number;
}

/** More disks than any machine has slots for a disk. */
const enough = 1024;
/** A customer's log may claim any number; the model takes what x86 has. */
const mostCpus = 512;

export function capacityOf(machine: Machine): Capacity | undefined {
  const { cpus, nodes, queues, pinless, release, inUse = 0, ports = 0 } = machine;
  if (cpus < 1 || cpus > mostCpus || nodes < 1 || nodes > cpus) return undefined;
  const version = kernelVersion(release ?? '') ?? { major: 6, minor: 12, sublevel: 95 };
  const [forecast] = forecasts(
    {
      cpus,
      possible: cpus,
      nodes,
      threads: 1,
      disks: enough,
      queues,
      intx: pinless ? 'pinless' : 'routed',
      affinity: true,
      firstNumber: 0,
      inUse,
      ports,
    },
    kernelFeatures(version),
  );
  const { firstDegraded, firstFailing } = forecast!.prediction;
  return { best: firstDegraded ?? enough, any: firstFailing ?? enough };
}
