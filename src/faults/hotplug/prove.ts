/**
 * A cycle took effect when the kernel had the device with a driver, and it was taken away: QEMU let it go, or, of a card
 * that is pulled, its seat is empty (quirk nvme-kept-when-pulled). What is left is the verdict's.
 */
import type { Proof } from '../fault.ts';
import type { Cycle } from './inject.ts';
import type { HotplugFault } from './schema.ts';

export function proveCycle(fault: HotplugFault, cycle: Cycle): Proof {
  const { card, vfs, seatEmpty, deleted, way } = cycle;
  const away = seatEmpty ?? deleted;
  return {
    proved: card !== undefined && away && vfs === fault.vfs,
    because: [
      card === undefined ? 'no driver took the device' : `a driver had ${card}`,
      ...(fault.vfs > 0 ? [`${vfs} of ${fault.vfs} VFs were there`] : []),
      ...(seatEmpty === undefined ? [] : [seatEmpty ? 'its seat is empty' : 'its seat is not empty']),
      deleted ? `QEMU let it go (${way})` : `QEMU did not let it go (${way})`,
    ],
  };
}
