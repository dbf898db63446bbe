/**
 * AER lines. Sources: drivers/pci/pcie/aer.c (aer_print_port_info, aer_print_error, __aer_print_error,
 * aer_print_source, aer_root_reset), err.c (pcie_do_recovery), aer_inject.c (aer_inject), pci.c
 * (pcie_wait_for_link_delay), pcie/tlp.c (pcie_print_tlp_log). Wordings of 4.18 up to 7.2 are all accepted: which one
 * a kernel uses is a feature (src/model/features.ts), not a reason to lose a line.
 */
import { deviceMessage } from './line.ts';

export type AerSeverity = 'correctable' | 'non-fatal' | 'fatal';
export type RecoveryStep = 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume';

export type AerFact =
  | { kind: 'aer-injected'; port: string; cor: number; uncor: number; target: string }
  | { kind: 'aer-inject-refused'; device: string; reason: string }
  | {
      kind: 'aer-report';
      port: string;
      source: string;
      severity: AerSeverity;
      multiple: boolean;
      /** ≥ 6.16 says so on this line; before, it is a line of its own (`aer-no-details`). */
      noDetails: boolean;
      /** `Correctable`, `Uncorrected`…: the wording is a feature of the kernel. */
      word: string;
    }
  | {
      kind: 'aer-device';
      driver: string;
      device: string;
      severity: AerSeverity;
      layer?: string;
      agent?: string;
      /** `type=Inaccessible`: the kernel could not or would not read the registers. */
      inaccessible: boolean;
    }
  | { kind: 'aer-status'; driver: string; device: string; status: number; mask: number }
  | { kind: 'aer-bit'; driver: string; device: string; bit: number; name: string; first: boolean }
  /** Double words without `0x`, four of them; more where the link is in flit mode. */
  | { kind: 'aer-tlp'; driver: string; device: string; header: string }
  | { kind: 'aer-first-agent'; driver: string; device: string }
  | { kind: 'aer-no-details'; port: string; source: string }
  | { kind: 'aer-broadcast'; bridge: string; step: RecoveryStep }
  | { kind: 'aer-cannot-recover'; driver: string; device: string; why: 'no-callback' | 'bad-transition' }
  | { kind: 'aer-reset'; bridge: string; result: number }
  | { kind: 'aer-link-inactive'; bridge: string; ms: number }
  | { kind: 'aer-reset-failed'; bridge: string }
  | { kind: 'aer-end'; bridge: string; recovered: boolean }
  | { kind: 'aer-enabled'; port: string; irq: number };

const address = '([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])';
const severityWords = '((?:Correct(?:ed|able))|(?:Uncorrect(?:ed|able)) \\((?:Non-)?Fatal\\))';
const report = new RegExp(
  `^(Multiple )?${severityWords} error (?:message )?received(?: from|:) ${address}( \\(no details found\\)?)?`,
);
const injected = new RegExp(`^Injecting errors ([0-9a-f]{8})/([0-9a-f]{8}) into device ${address}`);
const busError = new RegExp(
  `^(?:PCIe|CXL) Bus Error: severity=${severityWords}, type=([^,]{1,40}), \\(([^)]{1,40})\\)`,
);
const status = /^ {0,4}device \[[0-9a-f]{4}:[0-9a-f]{4}\] error status\/mask=([0-9a-f]{8})\/([0-9a-f]{8})/;
const bit = /^ {0,6}\[ ?(\d{1,2})\] (.{1,60})/;
// The words have `0x` since 6.15 or so; a flit's header has up to 14 of them.
const tlp = /^ {0,4}TLP Header(?: \(Flit\))?: ((?:0x)?[0-9a-f]{8}(?: (?:0x)?[0-9a-f]{8}){3,13})/;
const none = new RegExp(`^found no error details for ${address}`);
const noneOld = /^can't find device of ID([0-9a-f]{4})/;
const broadcast = /^broadcast (error_detected|mmio_enabled|slot_reset|resume) message/;
const reset =
  /^(?:Root Port|Downstream Port|(?:r|R)oot port|downstream)? ?(?:link )?has been reset(?: \((-?\d{1,4})\))?/;
const noFlr = /^not reset \(no FLR support: (-?\d{1,4})\)/;
const linkInactive = /^Data Link Layer Link Active not (?:set|cleared) in (\d{1,6}) msec/;
const enabled = /^enabled with IRQ (\d{1,6})/;

export function severityOf(words: string): AerSeverity {
  if (words.startsWith('Correct')) return 'correctable';
  return words.endsWith('(Non-Fatal)') ? 'non-fatal' : 'fatal';
}

/** The AER fact in a kernel message, or undefined. */
export function parseAer(message: string): AerFact | undefined {
  const from = deviceMessage(message);
  if (!from) return undefined;
  const { driver, device } = from;
  const tagged = from.rest.startsWith('AER: ');
  // Some kernels print the detail lines with "AER: ", some without (pci_fmt in aer.c); recovery always with.
  const text = tagged ? from.rest.slice(5) : from.rest;
  let m: RegExpExecArray | null;

  if (from.rest.startsWith('aer_inject: ')) return parseInject(device, from.rest.slice(12));
  m = report.exec(text);
  if (tagged && m) {
    return {
      kind: 'aer-report',
      port: device,
      source: m[3]!,
      severity: severityOf(m[2]!),
      multiple: m[1] !== undefined,
      noDetails: m[4] !== undefined,
      word: m[2]!.split(' ', 1)[0]!,
    };
  }
  m = busError.exec(text);
  if (m) {
    const inaccessible = m[2] === 'Inaccessible';
    const base = { kind: 'aer-device', driver, device, severity: severityOf(m[1]!), inaccessible } as const;
    return inaccessible ? base : { ...base, layer: m[2]!, agent: m[3]! };
  }
  m = status.exec(text);
  if (m) return { kind: 'aer-status', driver, device, status: hex(m[1]!), mask: hex(m[2]!) };
  m = bit.exec(text);
  if (m) {
    const name = m[2]!.replace('(First)', '').trim();
    return { kind: 'aer-bit', driver, device, bit: Number(m[1]), name, first: m[2]!.includes('(First)') };
  }
  m = tlp.exec(text);
  if (m) return { kind: 'aer-tlp', driver, device, header: m[1]!.replaceAll('0x', '') };
  m = linkInactive.exec(text);
  if (m) return { kind: 'aer-link-inactive', bridge: device, ms: Number(m[1]) };
  return parseRecovery(driver, device, text, tagged);
}

function parseInject(device: string, text: string): AerFact {
  const m = injected.exec(text);
  if (m) return { kind: 'aer-injected', port: device, cor: hex(m[1]!), uncor: hex(m[2]!), target: m[3]! };
  return { kind: 'aer-inject-refused', device, reason: text };
}

function parseRecovery(driver: string, device: string, text: string, tagged: boolean): AerFact | undefined {
  let m = broadcast.exec(text);
  if (m) return { kind: 'aer-broadcast', bridge: device, step: m[1] as RecoveryStep };
  if (/^[Cc]an't recover \(no error_detected callback\)/.test(text)) {
    return { kind: 'aer-cannot-recover', driver, device, why: 'no-callback' };
  }
  if (/^[Cc]an't recover \(state transition /.test(text)) {
    return { kind: 'aer-cannot-recover', driver, device, why: 'bad-transition' };
  }
  const end = /^[Dd]evice recovery (?:from fatal error )?(successful|failed)/.exec(text);
  if (end) return { kind: 'aer-end', bridge: device, recovered: end[1] === 'successful' };
  if (/^subordinate device reset failed/.test(text)) return { kind: 'aer-reset-failed', bridge: device };
  if (!tagged) return undefined;
  m = reset.exec(text) ?? noFlr.exec(text);
  if (m) return { kind: 'aer-reset', bridge: device, result: Number(m[1] ?? 0) };
  m = none.exec(text);
  if (m) return { kind: 'aer-no-details', port: device, source: m[1]! };
  m = noneOld.exec(text);
  if (m) return { kind: 'aer-no-details', port: device, source: fromId(m[1]!) };
  m = enabled.exec(text);
  if (m) return { kind: 'aer-enabled', port: device, irq: Number(m[1]) };
  if (/^ {0,4}Error of this Agent is reported first/.test(text)) {
    return { kind: 'aer-first-agent', driver, device };
  }
  return undefined;
}

function hex(digits: string): number {
  return Number.parseInt(digits, 16);
}

/** A 16-bit requester id as `0000:bus:dev.fn` (segment 0, as the old message has no room for another). */
function fromId(id: string): string {
  const value = hex(id);
  const part = (n: number) => n.toString(16).padStart(2, '0');
  return `0000:${part(value >> 8)}:${part((value >> 3) & 31)}.${value & 7}`;
}
