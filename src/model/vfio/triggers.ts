/**
 * What VFIO_DEVICE_SET_IRQS asks of genirq, and what becomes of it. Source: drivers/vfio/pci/vfio_pci_intrs.c
 * (vfio_intx_enable, vfio_msi_enable, vfio_msi_set_vector_signal; before 6.10 vfio_intx_set_signal), read in 5.10, 6.1,
 * 6.12 and 7.2.
 */

export interface VfioFunction {
  /** 0000:01:00.0 */
  bdf: string;
  /** pci_dev->irq; 0: no pin, or not routed. */
  irq: number;
  /**
   * The DisINTx bit of the command register can be set and INTx status be read: vfio may share the line. False for
   * devices that fail pci_intx_mask_supported(), have a quirk (`Masking broken INTx support`), or with
   * vfio_pci.nointxmask=1.
   */
  canMaskIntx: boolean;
}

/** The irq_not_connected of include/linux/interrupt.h: bit 31. */
export const notConnected = 0x80000000;

const shared = 0x80;
const noAutoen = 0x80000;

export type TriggerRequest =
  | {
      requests: true;
      name: string;
      flags: number;
      /** What else may have the line; `alone`: nobody, before or after. */
      line: 'shared' | 'alone';
    }
  | { requests: false; errno: -19 };

/** @param masked the user has set DisINTx, so the line starts disabled (≥ 5.10 stable, 6.1) */
export function intxRequest(device: VfioFunction, masked = false): TriggerRequest {
  if (device.irq === 0 || device.irq === notConnected) return { requests: false, errno: -19 };
  const name = `vfio-intx(${device.bdf})`;
  if (device.canMaskIntx) return { requests: true, name, flags: shared, line: 'shared' };
  return { requests: true, name, flags: masked ? noAutoen : 0, line: 'alone' };
}

/** Each vector has an irq of its own: flags are 0 and nothing can be in its way but the lack of a vector. */
export function msiRequest(bdf: string, vector: number, type: 'msi' | 'msix'): TriggerRequest {
  return { requests: true, name: `vfio-${type}[${vector}](${bdf})`, flags: 0, line: 'alone' };
}

/** What a name in /proc/interrupts or in a mismatch line says of its owner; undefined: not vfio's. */
export function vfioOwner(name: string): { bdf: string; type: 'intx' | 'msi' | 'msix' } | undefined {
  const m = /^vfio-(intx|msix?)(?:\[\d{1,5}\])?\(([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\)$/.exec(
    name,
  );
  return m ? { type: m[1] as 'intx' | 'msi' | 'msix', bdf: m[2]! } : undefined;
}
