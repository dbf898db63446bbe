/**
 * Devices that sit on the root bus, in a slot that the lab chooses: for what follows from the slot, which is the
 * interrupt line. They have INTx and no VFs; each can be passed to a guest as a whole.
 */
import { z } from 'zod';
import { Address, Network } from './schema-words.ts';

/** Slot 1 is where amd-iommu goes; 29 to 31 are the virtio IOMMU, the control NIC and the chipset. */
export const rootSlot = z
  .int()
  .min(2)
  .max(28)
  .describe(
    'Its slot on the root bus. The slot and the pin choose the interrupt line: slots 5, 9 and 13 share one.',
  );

export const diskVectors = z
  .int()
  .min(0)
  .max(64)
  .describe('MSI-X vectors that it offers; 0 leaves it INTx (INTA) alone. Default: QEMU’s.');

export const rootDevices = [
  z
    .strictObject({ kind: z.literal('edu'), slot: rootSlot })
    .describe(
      "QEMU's teaching device, which raises its interrupt (INTA) when told to. Linux has no driver for it.",
    ),
  z
    .strictObject({
      kind: z.literal('e1000'),
      slot: rootSlot,
      network: Network.default('10.0.2.0/24').describe(
        'The emulated network. Its .2 is the gateway and answers ping.',
      ),
      address: Address.optional().describe('IPv4 address of whoever owns it. Default: .15 of the network.'),
    })
    .describe('Intel 82540EM: a NIC that has INTx (INTA) and nothing else.'),
  z
    .strictObject({ kind: z.literal('uhci'), slot: rootSlot })
    .describe('A USB controller that has INTx (INTD) and nothing else; the host drives it with uhci_hcd.'),
  z
    .strictObject({
      kind: z.literal('virtio-blk'),
      slot: rootSlot,
      vectors: diskVectors.optional(),
      sizeMiB: z.int().min(1).max(65536).default(64),
    })
    .describe('A virtio disk.'),
] as const;
