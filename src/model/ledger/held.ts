/** A raise after which no message left its function: what held it (hw/pci/msix.c msix_notify, PCI 3.0 §6.8.2.6). */
import type { DeviceSide, Held } from './device.ts';
import type { Pointer } from './explain.ts';

export interface HeldBy {
  why: string;
  evidence: Pointer[];
}

/** @param entries MSI-X entry of each source, as its messages showed it. */
export function heldBy(held: Held, device: DeviceSide, entries: ReadonlyMap<string, number>): HeldBy {
  const control = device.controls.findLast(
    (write) => write.time <= held.time && isDevice(write.device, held.source),
  );
  if (control && (control.masked || !control.enabled)) {
    const state = control.enabled ? 'masked as a whole' : 'off';
    return {
      why: `MSI-X of ${control.device} is ${state}`,
      evidence: [{ from: 'device', line: control.line }],
    };
  }
  const entry = entries.get(held.source);
  const mask =
    entry === undefined
      ? undefined
      : device.table.masksOf(entry).findLast((write) => write.time <= held.time);
  if (mask?.masked)
    return { why: 'its vector is masked: a pending bit', evidence: [{ from: 'device', line: mask.line }] };
  if (held.source.startsWith('GSI ')) {
    const pin = device.pins
      .masksOf(Number(held.source.slice('GSI '.length)))
      .findLast((write) => write.time <= held.time);
    return pin?.masked
      ? { why: 'its pin of the IO-APIC is masked', evidence: [{ from: 'device', line: pin.line }] }
      : { why: 'its pin is in service (remote IRR)', evidence: [] };
  }
  return { why: 'no message left the function: it is masked, or may not write to memory', evidence: [] };
}

/** QEMU's names of device models, and how their trace events call them. */
const models: Record<string, string> = { igb: 'intel-nic', e1000e: 'intel-nic', nvme: 'nvme' };

function isDevice(device: string, source: string): boolean {
  return Object.hasOwn(models, device) && source.startsWith(`${models[device]!} `);
}
