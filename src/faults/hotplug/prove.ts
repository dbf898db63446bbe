/** A cycle took effect when the kernel had the device with a driver, and QEMU let it go. What is left is the verdict's. */
import type { Proof } from '../fault.ts';
import type { Cycle } from './inject.ts';
import type { HotplugFault } from './schema.ts';

export function proveCycle(fault: HotplugFault, cycle: Cycle): Proof {
  const { card, vfs, deleted, way } = cycle;
  return {
    proved: card !== undefined && deleted && vfs === fault.vfs,
    because: [
      card === undefined ? 'no driver took the device' : `a driver had ${card}`,
      ...(fault.vfs > 0 ? [`${vfs} of ${fault.vfs} VFs were there`] : []),
      deleted ? `QEMU let it go (${way})` : `QEMU did not let it go (${way})`,
    ],
  };
}
