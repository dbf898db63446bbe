/** A cycle took effect when all VFs were there with a driver. What is left is the verdict's. */
import type { Proof } from '../fault.ts';
import type { VfCycle } from './inject.ts';

export function proveVfs({ wanted, driven, left }: VfCycle): Proof {
  return {
    proved: driven === wanted,
    because: [`${driven} of ${wanted} VFs had a driver`, `${left} are left`],
  };
}
