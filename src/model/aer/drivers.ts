/**
 * What each driver answers when the bus is asked. Sources are named in the table: file and function, as read
 * in Linux 6.12 and 7.2 where nothing else is said.
 */
import type { KernelFeatures, Known } from '../features.ts';
import type { Result, WalkedFunction } from './types.ts';

/** A line that a driver prints in a callback: `must` only where it is printed unconditionally. */
export interface DriverLine {
  what:
    | 'detected-normal'
    | 'detected-frozen'
    | 'detected-failure'
    | 'slot-reset'
    | 'cannot-re-enable'
    | 'pf-still-resetting'
    | 'vf-caused-error';
  must: boolean;
}

export interface Answer {
  result: Result;
  line?: DriverLine;
}

export interface DriverModel {
  source: string;
  /** Answers to error_detected; undefined: the driver has no such callback. Several: the model allows each. */
  detected(frozen: boolean, features: KernelFeatures): Answer[] | undefined;
  mmioEnabled?: Result[];
  slotReset?: Answer[];
  /** Its slot_reset writes back the configuration space (pci_restore_state), MSI-X with it. */
  restores?: true;
  /** Line that its resume may print. */
  resume?: DriverLine;
  /** What its error_detected does when it is told that the recovery failed. */
  failed?: { line?: DriverLine; detaches?: true };
  /** error_detected signals the error eventfd of whoever holds the function. */
  signalsHolder?: true;
}

/** Intel NICs after a reset: up again, or one line and DISCONNECT. */
const intelSlotReset: Answer[] = [
  { result: 'recovered' },
  { result: 'disconnect', line: { what: 'cannot-re-enable', must: true } },
];
/** netif_device_detach(): the interface is there and sends nothing; nothing attaches it again. */
const detached = { detaches: true } as const;
const needReset: Answer = { result: 'need-reset' };
const disconnect: Answer = { result: 'disconnect' };
const canRecover: Answer = { result: 'can-recover' };

export const driverTable: Readonly<Record<string, DriverModel>> = {
  igb: {
    source: 'drivers/net/ethernet/intel/igb/igb_main.c igb_io_error_detected, igb_io_slot_reset',
    detected: (frozen, features) => {
      if (frozen) return [needReset];
      const quiet: Answer = { ...canRecover, line: { what: 'detected-normal', must: true } };
      return choose(features.igbIgnoresNonFatal, [quiet], [needReset]);
    },
    slotReset: intelSlotReset,
    restores: true,
    failed: detached,
  },
  igbvf: {
    source: 'drivers/net/ethernet/intel/igbvf/netdev.c igbvf_io_error_detected, igbvf_io_resume',
    detected: () => [needReset],
    slotReset: intelSlotReset,
    failed: detached,
    // Only if the interface was up, from igbvf_reset in igbvf_up.
    resume: { what: 'pf-still-resetting', must: false },
  },
  ixgbe: {
    source: 'drivers/net/ethernet/intel/ixgbe/ixgbe_main.c ixgbe_io_error_detected',
    // An error that the header log blames on a VF is answered RECOVERED after a reset of that VF; DISCONNECT while the
    // driver is not set up yet, or its interface is detached, as it is after a recovery that failed.
    detected: () => [
      needReset,
      { result: 'recovered', line: { what: 'vf-caused-error', must: true } },
      disconnect,
    ],
    slotReset: intelSlotReset,
    restores: true,
    failed: detached,
  },
  ixgbevf: {
    source: 'drivers/net/ethernet/intel/ixgbevf/ixgbevf_main.c ixgbevf_io_error_detected',
    // Not set up yet: DISCONNECT.
    detected: () => [needReset, disconnect],
    slotReset: intelSlotReset,
    failed: detached,
  },
  nvme: {
    source: 'drivers/nvme/host/pci.c nvme_error_detected, nvme_slot_reset',
    detected: (frozen) =>
      frozen
        ? [
            { result: 'need-reset', line: { what: 'detected-frozen', must: true } },
            { result: 'disconnect', line: { what: 'detected-frozen', must: true } },
          ]
        : [canRecover],
    slotReset: [
      { result: 'recovered', line: { what: 'slot-reset', must: true } },
      { result: 'disconnect', line: { what: 'slot-reset', must: true } },
    ],
    restores: true,
    failed: { line: { what: 'detected-failure', must: true } },
  },
  'vfio-pci': {
    source:
      'drivers/vfio/pci/vfio_pci_core.c vfio_pci_core_aer_err_detected: signals err_trigger for any walk that visits it',
    detected: () => [canRecover],
    signalsHolder: true,
  },
  pcieport: {
    source:
      'drivers/pci/pcie/portdrv.c pcie_portdrv_error_detected, pcie_portdrv_slot_reset, pcie_portdrv_mmio_enabled',
    detected: (frozen) => [frozen ? needReset : canRecover],
    mmioEnabled: ['recovered'],
    slotReset: [{ result: 'recovered' }],
    restores: true,
  },
  'virtio-pci': {
    source:
      'drivers/virtio/virtio_pci_common.c virtio_pci_driver: no err_handler, in 7.2 one without error_detected',
    detected: () => undefined,
  },
};

/** Alternatives of a feature: one when it is known, both when it is not. */
function choose(known: Known, yes: Answer[], no: Answer[]): Answer[] {
  return known === 'unknown' ? [...yes, ...no] : known ? yes : no;
}

/** The driver's model, or undefined for a driver that the table does not know. */
export function driverOf(fn: WalkedFunction): DriverModel | undefined {
  return fn.driver === undefined ? undefined : driverTable[fn.driver];
}

/** A driver that the table does not know may give any answer. */
export const anything: Answer[] = (
  ['can-recover', 'need-reset', 'none', 'disconnect', 'recovered'] as const
).map((result) => ({ result }));

/** Every vote that the function may give at error_detected. `no-aer-driver` is the veto. */
export function detectedVotes(fn: WalkedFunction, frozen: boolean, features: KernelFeatures): Answer[] {
  if (fn.disconnected) {
    return choose(features.aerDisconnectedVotes, [{ result: 'disconnect' }], [veto(fn)]);
  }
  if (fn.driver === undefined) return [veto(fn)];
  const driver = driverOf(fn);
  if (!driver) return [...anything, veto(fn)];
  return driver.detected(frozen, features) ?? [veto(fn)];
}

function veto(fn: WalkedFunction): Answer {
  return { result: fn.isBridge ? 'none' : 'no-aer-driver' };
}
