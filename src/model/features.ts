/**
 * Differences between kernels and QEMUs that the model knows, as named features. One table: what the feature
 * is, which upstream commit made it, in which release, and into which stable series it was carried. A release
 * string alone does not always decide (a distribution may carry a commit anywhere): then the feature is
 * `unknown` and the model allows both behaviours.
 */

import type { FeatureEntry } from './features/entry.ts';
import { virtioFeatureTable } from './features/virtio.ts';

export type Known = boolean | 'unknown';

export const kernelFeatureTable = {
  aerSpecWords: {
    what: 'severity is worded Correctable/Uncorrectable, before that Corrected/Uncorrected',
    source: "02a06f5f1a6a PCI/AER: Use 'Correctable' and 'Uncorrectable' spec terms for errors",
    since: [6, 8],
  },
  aerMessageReceivedFrom: {
    what: 'port line reads "error message received from", before that "error received:"',
    source: '1291b716bbf9 PCI/AER: Decode Requester ID when no error info found',
    since: [6, 8],
    // Carried to every living series in early 2024; seen in Debian 6.1.170, not in the 5.15.0 of a user's log.
    stable: { '6.6': 'unknown', '6.1': 'unknown', '5.15': 'unknown', '5.10': 'unknown', '5.4': 'unknown' },
  },
  aerResetAfterMmioEnabled: {
    what: 'the bus is reset after mmio_enabled, and for NEED_RESET votes on non-fatal errors too',
    source: 'd0a2dee7d458 PCI/AER: Allow drivers to opt in to Bus Reset on Non-Fatal Errors',
    since: [6, 18],
  },
  aerNotifiesFailure: {
    what: 'when recovery fails every driver gets error_detected(perm_failure)',
    source: '9011f0667c93 PCI/ERR: Notify drivers on failure to recover',
    since: [6, 18],
  },
  aerDisconnectedVotes: {
    what: 'a disconnected device votes DISCONNECT, a refused state change votes NONE with a line of its own',
    source:
      'drivers/pci/pcie/err.c report_error_detected: "PCI/ERR: Recognize disconnected devices in report_error_detected()"',
    since: [6, 0],
  },
  aerNamesVeto: {
    what: '"can\'t recover (no error_detected callback)" names the function that prevents recovery',
    source: '01daacfb9035 PCI/AER: Log which device prevents error recovery',
    since: [5, 7],
  },
  aerSaysReset: {
    what: 'the result of the link reset is printed at info level, before that at debug level',
    source: 'drivers/pci/pcie/aer.c aer_root_reset (read in 6.1 and 6.12; the commit was not looked up)',
    since: [6, 0],
    stable: { '5.15': 'unknown', '5.10': 'unknown' },
  },
  aerResetOverridesVotes: {
    what: 'after a fatal error the result of the link reset replaces all votes, a veto included',
    source:
      '6d2c89441571 PCI/ERR: Update error status after reset_link(); undone by 387c72cdd7fb PCI/ERR: Retain status from error notification',
    since: [5, 7],
    until: [5, 11],
    stable: { '5.10': 'unknown' },
  },
  aerFatalRemovesDevices: {
    what: 'a fatal error removes and re-enumerates the devices instead of asking their drivers',
    source:
      'drivers/pci/pcie/err.c pcie_do_fatal_recovery (v4.18); undone by bfcb79fca19d PCI/ERR: Run error recovery callbacks for all affected devices',
    since: [4, 18],
    until: [4, 20],
  },
  aerPortLineSaysNothingFound: {
    what: 'a report without details says so on its port line, before that on a line of its own',
    source: '6a1eda745967 PCI/AER: Consolidate Error Source ID logging in aer_isr_one_error_type()',
    since: [6, 16],
  },
  aerLimitsLines: {
    what: 'of each function 10 non-fatal and 10 correctable errors in 5 s are logged, the rest only counted and recovered',
    source:
      'a57f2bfb4a58 PCI/AER: Ratelimit correctable and non-fatal error logging; b4fe7398def6 has the limits in sysfs',
    since: [6, 16],
  },
  igbIgnoresNonFatal: {
    what: 'igb answers a non-fatal error with CAN_RECOVER and one warning; before, it went down and asked for a reset',
    source:
      'drivers/net/ethernet/intel/igb/igb_main.c igb_io_error_detected: 004d25060c78 igb: Fix igb_down hung on surprise removal',
    since: [6, 5],
    stable: { '6.4': 'unknown', '6.1': 'unknown', '5.15': 'unknown', '5.10': 'unknown', '5.4': 'unknown' },
  },
  vfioHidesPinWithoutIrq: {
    what: 'vfio-pci shows a pin without an irq as none; before, its user asked for INTx and got ENODEV',
    source: '2bd42b03ab6b vfio/pci: Virtualize zero INTx PIN if no pdev->irq',
    since: [6, 15],
  },
  genirqCondOneshotRequests: {
    what: 'request_irq() adds IRQF_COND_ONESHOT, so a mismatch line prints 002xxxxx for it',
    source: 'c37927a203fa genirq: Set IRQF_COND_ONESHOT in request_irq()',
    since: [6, 11],
    stable: { '6.10': 3 },
  },
  edgeWaitsForHandler: {
    what: 'an edge interrupt that comes in where its irq has moved to waits for the handler on the old CPU; before, that CPU was left to go round again',
    source: '8d39d6ec4db5 genirq: Prevent migration live lock in handle_edge_irq()',
    since: [6, 17],
  },
  vectorSetupLocked: {
    what: 'an interrupt that finds its slot freed looks again under the vector lock before it marks the slot unused',
    source: 'ce0b5eedcb75 x86/irq: Plug vector setup race',
    since: [6, 17],
    stable: { '6.12': 42, '6.15': 10, '6.16': 1 },
  },
  ...virtioFeatureTable,
} as const satisfies Record<string, FeatureEntry>;

export type KernelFeature = keyof typeof kernelFeatureTable;
export type KernelFeatures = Readonly<Record<KernelFeature, Known>>;

export interface Version {
  major: number;
  minor: number;
  /** Absent where the release does not say it (Debian's `6.1.0-47-amd64`). */
  sublevel?: number;
}

/**
 * Version of a kernel from `uname -r`, and `uname -v` where the release hides the sublevel
 * (`#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (…)`). Undefined if neither has a number.
 */
export function kernelVersion(release: string, build = ''): Version | undefined {
  const full = /Debian (\d{1,2})\.(\d{1,3})\.(\d{1,4})/.exec(build);
  const m = full ?? /^(\d{1,2})\.(\d{1,3})(?:\.(\d{1,4}))?/.exec(release);
  if (!m) return undefined;
  const version: Version = { major: Number(m[1]), minor: Number(m[2]) };
  // `x.y.0-N` is a distribution's stable kernel whose sublevel is not told, `x.y.0` alone is mainline's.
  const hidden = !full && m[3] === '0' && /^\d+\.\d+\.0-\d/.test(release);
  if (m[3] !== undefined && !hidden) version.sublevel = Number(m[3]);
  return version;
}

/** Features of a kernel. Without a version every one is unknown. */
export function kernelFeatures(version: Version | undefined): KernelFeatures {
  const entries = Object.entries(kernelFeatureTable) as [KernelFeature, FeatureEntry][];
  return Object.fromEntries(entries.map(([name, entry]) => [name, has(entry, version)])) as KernelFeatures;
}

function has(entry: FeatureEntry, version: Version | undefined): Known {
  if (!version) return 'unknown';
  if (entry.until && !before(version, entry.until)) return false;
  const series = entry.stable?.[`${version.major}.${version.minor}`];
  if (entry.since && before(version, entry.since)) {
    if (series === undefined) return false;
    if (series === 'unknown' || version.sublevel === undefined) return 'unknown';
    return version.sublevel >= series;
  }
  // A feature that was undone may have been undone in a stable series as well.
  return entry.until && series !== undefined ? 'unknown' : true;
}

function before(version: Version, release: readonly [number, number]): boolean {
  return version.major < release[0] || (version.major === release[0] && version.minor < release[1]);
}

/** What QEMU does when vfio-pci signals the error eventfd of a function. */
export const qemuFeatureTable = {
  vfioErrorStopsVm: {
    what: 'the VM is stopped in run state internal-error; it goes on only after a reset',
    source:
      'QEMU hw/vfio/pci.c vfio_err_notifier_handler → vm_stop(RUN_STATE_INTERNAL_ERROR), read in 7.2 and 10.0',
  },
  vfioErrorHandler: {
    what: 'a per-architecture handler may take the error instead, and the VM goes on; proposed for s390x only',
    source:
      'qemu-devel series "vfio/pci: Add an error handler callback" (September 2025), not in a release that was read',
  },
} as const;

export type QemuFeature = keyof typeof qemuFeatureTable;
export type QemuFeatures = Readonly<Record<QemuFeature, Known>>;

/** Features of a QEMU from its version line (`QEMU emulator version 10.0.2 (…)`), for x86 guests. */
export function qemuFeatures(version: string | undefined): QemuFeatures {
  const m = /(\d{1,3})\.(\d{1,3})/.exec(version ?? '');
  const read = m !== null && Number(m[1]) <= 10;
  // Later than what was read: the stop is what x86 code still does as far as known, not a fact.
  return { vfioErrorStopsVm: true, vfioErrorHandler: read ? false : 'unknown' };
}
