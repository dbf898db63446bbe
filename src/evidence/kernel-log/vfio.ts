/** vfio-pci lines on the host. Source: drivers/vfio/pci/vfio_pci_core.c (vfio_pci_core_request and others). */
import { deviceMessage } from './line.ts';

export type VfioFact = {
  kind: 'vfio';
  device: string;
  what: 'release-requested' | 'release-blocked' | 'intx-broken' | 'reset-failed' | 'enabling' | 'other';
};

export function parseVfio(message: string): VfioFact | undefined {
  const from = deviceMessage(message);
  if (from?.driver !== 'vfio-pci') return undefined;
  const { device, rest } = from;
  if (/^Relaying device request to user/.test(rest))
    return { kind: 'vfio', device, what: 'release-requested' };
  if (/^No device request channel/.test(rest)) return { kind: 'vfio', device, what: 'release-blocked' };
  if (/^Masking broken INTx/.test(rest)) return { kind: 'vfio', device, what: 'intx-broken' };
  if (/^(?:enabling device|vfio_(?:ext_)?cap_init|resetting|reset done)/.test(rest)) {
    return { kind: 'vfio', device, what: 'enabling' };
  }
  if (/^(?:timed out waiting for pending|not ready .{0,40}after)/.test(rest)) {
    return { kind: 'vfio', device, what: 'reset-failed' };
  }
  return undefined;
}
