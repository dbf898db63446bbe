/** A lab for used-up vectors: few CPUs, so that few disks are enough. */
import { kernelVersion } from '../../model/features.ts';
import { capacityOf } from '../capacity.ts';
import type { LabSketch } from '../types.ts';

/** A disk that is plugged in takes a second or two under emulation: devices with 64 vectors each leave room for fewer. */
const consoles = 4;
const vectorsOfConsole = 64;
/** Of the NIC by which vflab reaches the host. */
const vectorsOfNic = 3;

/** As many as the lab needs beyond the first that fails. */
const beyond = 8;

export function exhaustionLab({
  pinless,
  release,
  cpus,
}: {
  pinless: boolean;
  release: string | undefined;
  cpus: number | undefined;
}): LabSketch {
  const busy = pinless ? consoles : 0;
  const scaled = {
    ...{ cpus: 2, nodes: 1, queues: 2, pinless, release: undefined },
    inUse: busy * vectorsOfConsole + vectorsOfNic,
  };
  // A disk that is plugged in has a port of its own, there or not, which takes a vector from the others.
  let count = beyond;
  let any = capacityOf(scaled)?.any;
  while (pinless && any !== undefined && any + beyond > count) {
    count += 1;
    any = capacityOf({ ...scaled, ports: count })?.any;
  }
  if (any === undefined) return { available: false, why: 'the model gives no number of disks' };
  if (!pinless) count = any + beyond;
  return {
    available: true,
    scale: `${cpus ?? 'many'} CPUs become ${scaled.cpus}${busy > 0 ? `, and other devices hold ${busy * vectorsOfConsole} of their vectors` : ''}, where the model has the ${ordinal(any + 1)} disk fail`,
    lab: {
      title: pinless
        ? 'Virtio disks without a pin, more than the CPUs have vectors for'
        : 'More virtio disks than the CPUs have vectors for',
      failure: 'virtio-blk-probe-failed',
      host: {
        cpus: scaled.cpus,
        memoryMiB: 1024,
        iommu: 'none',
        ...(busy > 0 ? { consoles: busy } : {}),
        disks: { count, queues: scaled.queues, ...(pinless ? { plug: 'hot', intx: 'pinless' } : {}) },
      },
      variants: { exhausted: { title: 'the failure itself', expect: { verdict: 'reproduced' } } },
      matrix: { kernel: kernelsFor(release) },
    },
  };
}

/** The kernel of Debian that is nearest to the customer's, first; then the others. */
function kernelsFor(release: string | undefined): string[] {
  const version = kernelVersion(release ?? '');
  const all = ['6.12', '6.1', '5.10'];
  if (!version) return all;
  const nearest = version.major < 6 ? '5.10' : version.major === 6 && version.minor < 7 ? '6.1' : '6.12';
  return [nearest, ...all.filter((kernel) => kernel !== nearest)];
}

function ordinal(n: number): string {
  const last = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return `${n}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}
