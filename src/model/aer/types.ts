/** What the AER recovery model speaks of. Source: include/linux/pci.h (enum pci_ers_result), err.c. */
import type { KernelFeatures } from '../features.ts';

export type Severity = 'correctable' | 'non-fatal' | 'fatal';

/** `enum pci_ers_result`, by short names. */
export type Result = 'none' | 'can-recover' | 'need-reset' | 'disconnect' | 'recovered' | 'no-aer-driver';

/** A function that the bus walk visits. */
export interface WalkedFunction {
  /** 0000:01:00.0 */
  bdf: string;
  /** Bound driver; absent when unbound. */
  driver?: string;
  isVf: boolean;
  /** A PCI-to-PCI bridge header (a port): without a callback it does not veto. */
  isBridge: boolean;
  disconnected: boolean;
  /** Someone holds it through vfio and has set its error eventfd: the id of that VM. */
  heldBy?: string;
}

export interface Episode {
  severity: Severity;
  /** Function that reported the error. */
  source: string;
  /** Root port that told the kernel. */
  port: string;
  /** Port on which the recovery lines appear. */
  bridge: string;
  /** Functions below the bridge in walk order. */
  walk: readonly WalkedFunction[];
  features: KernelFeatures;
  /**
   * Another report of the same source came right before it, through the same root port: that one may have consumed the
   * status of this one's error too. Then the port line is all that is printed: the source is found by its id, and has
   * no status left (aer.c, find_device_iter(), aer_get_device_error_info()).
   */
  repeated?: boolean;
  /**
   * Another report of the same source came right after it, through the same root port: an error was being injected
   * meanwhile. The config accesses of aer_inject put the bus's own operations back while they last (aer_inject.c,
   * aer_inj_read()), and on x86 other CPUs need no lock to read then (PCI_LOCKLESS_CONFIG): they see the hardware, which
   * has no error.
   */
  followed?: boolean;
}
