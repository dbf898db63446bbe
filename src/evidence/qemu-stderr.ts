/**
 * What QEMU says on its stderr. Sources: hw/vfio/pci.c (vfio_err_notifier_handler), hw/vfio/common.c
 * (vfio_set_irq_signaling), accel/tcg and system/physmem.c assertions. Our own emulator's failures are
 * infrastructure: they never become a finding about the kernel.
 */
import { type SourceLine, timedLines } from './source.ts';

/** As QEMU names them (hw/vfio, `index_to_str`). */
export type VfioIrqType = 'INTX' | 'MSI' | 'MSIX' | 'ERR' | 'REQ';

export type StderrFact =
  /** QEMU was told of an error of the named function (`0000:01:10.2`) and stops its VM. */
  | { kind: 'vfio-error'; device: string }
  /** VFIO_DEVICE_SET_IRQS refused: the host's kernel could not give the device's interrupt a receiver. */
  | {
      kind: 'set-irqs-failed';
      /** strerror of the host's errno, e.g. `Device or resource busy`. */
      reason: string;
      device?: string;
      /** Absent where QEMU does not say which. */
      trigger?: { type: VfioIrqType; index: number };
    }
  /** QEMU itself broke: an assertion, an abort, a segmentation fault. */
  | { kind: 'emulator-broke'; what: string; quirk?: string }
  | { kind: 'kvm-internal-error' }
  | { kind: 'vfio-failed'; text: string };

export type StderrEvent = StderrFact & {
  at: SourceLine;
  /** Wall clock of the machine that runs this QEMU, ms since 1970 (`-msg timestamp=on`). */
  wallMs?: number;
};

const wall = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}:?\d{2})? /;
const vfioError = /vfio_err_notifier_handler\(([^)]{1,80})\)/;
const setIrqs = /VFIO_DEVICE_SET_IRQS failure: (.{1,120})/;
const trigger = /for interrupt (INTX|MSI|MSIX|ERR|REQ)-(\d{1,5})/;
const vfioDevice = /vfio ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/;
const assertion = /(?:Assertion [`'"](.{1,200}?)['"] failed|ERROR:[^:]{1,120}:\d{1,6}:([^:]{1,80}): )/;

/** Parses a `*.stderr` file; lines without meaning for us give no event. Never throws. */
export function parseStderr(file: string, machine: string, content: string): StderrEvent[] {
  const events: StderrEvent[] = [];
  for (const at of timedLines(file, machine, content)) {
    const fact = parseStderrText(at.text);
    if (!fact) continue;
    const event: StderrEvent = { ...fact, at };
    const stamp = wall.exec(at.text);
    const wallMs = stamp ? Date.parse(`${stamp[1]}${stamp[2] ?? 'Z'}`) : Number.NaN;
    if (!Number.isNaN(wallMs)) event.wallMs = wallMs;
    events.push(event);
  }
  return events;
}

export function parseStderrText(text: string): StderrFact | undefined {
  const error = vfioError.exec(text);
  if (error) return { kind: 'vfio-error', device: error[1]! };
  const irqs = setIrqs.exec(text);
  if (irqs) return setIrqsFailed(text, irqs[1]!);
  // Seen about once in 35 boots of TCG with QEMU 10.0: an error of the emulator alone.
  if (/iotlb_to_section/.test(text)) {
    return { kind: 'emulator-broke', what: 'assertion in iotlb_to_section', quirk: 'tcg-iotlb-assertion' };
  }
  const failed = assertion.exec(text);
  if (failed) return { kind: 'emulator-broke', what: `assertion ${failed[1] ?? failed[2]}` };
  if (/^(?:Segmentation fault|Aborted|qemu: fatal: )/.test(text))
    return { kind: 'emulator-broke', what: text.slice(0, 200) };
  if (/KVM internal error/.test(text)) return { kind: 'kvm-internal-error' };
  if (/vfio .{0,80}: (?:failed|error|Failed)/.test(text))
    return { kind: 'vfio-failed', text: text.slice(0, 300) };
  return undefined;
}

function setIrqsFailed(text: string, reason: string): StderrFact {
  const fact: StderrFact = { kind: 'set-irqs-failed', reason };
  const device = vfioDevice.exec(text);
  if (device) fact.device = device[1]!;
  const which = trigger.exec(text);
  if (which) fact.trigger = { type: which[1] as VfioIrqType, index: Number(which[2]) };
  return fact;
}
