/**
 * What drivers say around an error. Sources: drivers/net/ethernet/intel/igb/igb_main.c (igb_io_*),
 * igbvf/netdev.c (igbvf_io_*), ixgbe/ixgbe_main.c (ixgbe_io_*), drivers/nvme/host/pci.c (nvme_error_detected,
 * nvme_slot_reset), drivers/base/dd.c (probe failure).
 */
import { deviceMessage } from './line.ts';

export type DriverSaying =
  /** Its error_detected ran for a non-fatal error. */
  | 'detected-normal'
  /** Its error_detected ran for a frozen channel. */
  | 'detected-frozen'
  | 'detected-failure'
  | 'slot-reset'
  | 'cannot-re-enable'
  | 'up-failed'
  | 'pf-still-resetting'
  | 'vf-caused-error'
  | 'link-up'
  | 'link-down'
  | 'hardware-error'
  | 'timeout'
  /** Its transmit watchdog had it reset (igb_main.c igb_tx_timeout, igb_reset_task). */
  | 'adapter-reset';

export type DriverFact =
  | { kind: 'driver-says'; driver: string; device: string; what: DriverSaying }
  /** Ties `nvme0` to its function; printed at probe. */
  | { kind: 'nvme-controller'; controller: string; device: string }
  | { kind: 'probe-failed'; driver: string; device: string; errno: number };

const sayings: readonly [RegExp, DriverSaying][] = [
  [/^Non-correctable non-fatal error reported/, 'detected-normal'],
  [/^frozen state error detected, reset controller/, 'detected-frozen'],
  [/^failure state error detected, request disconnect/, 'detected-failure'],
  [/^restart after slot reset/, 'slot-reset'],
  [/^Cannot re-enable PCI device after reset/, 'cannot-re-enable'],
  [/^(?:igb_up failed after reset|can't bring device back up after reset)/, 'up-failed'],
  [/^PF still resetting/, 'pf-still-resetting'],
  [/^VF \d{1,4} has caused a PCIe error/, 'vf-caused-error'],
  [/^Hardware Error/, 'hardware-error'],
  [/^(?:NETDEV WATCHDOG|Detected Tx Unit Hang|I\/O (?:tag )?\d{1,6}.{0,40}timeout)/, 'timeout'],
  [/^Reset adapter/, 'adapter-reset'],
];

const link = /^(?:igb: \S{1,16} |\S{0,16} ?)?(?:NIC )?Link is (Up|Down)/;
const named = /^pci function ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/;
const controller = /^nvme (nvme\d{1,4}): (.*)$/;
const probeNew = /^probe with driver (\S{1,40}) failed with error (-?\d{1,5})/;
const probeOld = /^(\S{1,40}): probe of (\S{1,40}) failed with error (-?\d{1,5})/;

export function parseDriver(message: string): DriverFact | undefined {
  const old = probeOld.exec(message);
  if (old) return { kind: 'probe-failed', driver: old[1]!, device: old[2]!, errno: Number(old[3]) };
  const nvme = controller.exec(message);
  const tied = nvme && named.exec(nvme[2]!);
  if (nvme && tied) return { kind: 'nvme-controller', controller: nvme[1]!, device: tied[1]! };
  if (nvme) return saying('nvme', nvme[1]!, nvme[2]!);
  const from = deviceMessage(message);
  if (!from) return undefined;
  const probe = probeNew.exec(from.rest);
  if (probe) return { kind: 'probe-failed', driver: probe[1]!, device: from.device, errno: Number(probe[2]) };
  const up = link.exec(from.rest);
  if (up) {
    const what = up[1] === 'Up' ? 'link-up' : 'link-down';
    return { kind: 'driver-says', driver: from.driver, device: from.device, what };
  }
  return saying(from.driver, from.device, from.rest);
}

function saying(driver: string, device: string, text: string): DriverFact | undefined {
  for (const [pattern, what] of sayings) {
    if (pattern.test(text)) return { kind: 'driver-says', driver, device, what };
  }
  return undefined;
}
