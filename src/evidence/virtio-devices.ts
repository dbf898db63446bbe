/**
 * The virtio devices of a machine as its sysfs and /proc/irq show them: NDJSON, one device a line, in the order
 * of the virtio index. Written by the runner's snapshot, read by the verdict.
 */
import { splitLines } from './source.ts';

export interface VirtioDeviceRecord {
  /** `virtio3`: the name in interrupt names and kernel messages. */
  name: string;
  /** PCI function: 0000:01:05.0 */
  bdf: string;
  /** Virtio device id: 1 network, 2 block, 3 console. */
  deviceId: number;
  /** `virtio_blk`; null while no driver has it, which is so after a failed probe. */
  driver: string | null;
  /** Block device: `vda`. */
  block: string | null;
  /** `pci_dev->irq` as in sysfs: the INTx line, 0 without one. */
  irq: number;
  /** Config byte 0x3d: 0 no INTx pin, 1 INTA#. */
  pin: number;
  /** MSI-X is enabled. */
  msix: boolean;
  /** Interrupts that are requested in the device's name, in the order of their numbers. */
  irqs: VirtioIrq[];
}

export interface VirtioIrq {
  irq: number;
  /** `virtio3-config`, `virtio3-req.0`, `virtio3-virtqueues`, or `virtio3` (INTx). */
  name: string;
  /** `smp_affinity_list`: what was asked for. */
  affinity: string;
  /** `effective_affinity_list`: where it is. */
  effective: string;
}

export interface VirtioDevices {
  devices: VirtioDeviceRecord[];
  /** 1-based numbers of lines that are no record. */
  broken: number[];
}

/** A line of hundreds of interrupts is some 50 KB; beyond this it is no record. */
const longestLine = 1 << 20;

/** Reads a whole snapshot. Never throws: lines that are no record are named in `broken`. */
export function parseVirtioDevices(text: string): VirtioDevices {
  const result: VirtioDevices = { devices: [], broken: [] };
  for (const [index, line] of splitLines(text).entries()) {
    const device = line.length > longestLine ? undefined : parseLine(line);
    if (device) result.devices.push(device);
    else result.broken.push(index + 1);
  }
  return result;
}

function parseLine(line: string): VirtioDeviceRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isDevice(value) ? value : undefined;
}

function isDevice(value: unknown): value is VirtioDeviceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const device = value as Partial<Record<keyof VirtioDeviceRecord, unknown>>;
  return (
    typeof device.name === 'string' &&
    /^virtio\d{1,6}$/.test(device.name) &&
    typeof device.bdf === 'string' &&
    isCount(device.deviceId) &&
    isNameOrNull(device.driver) &&
    isNameOrNull(device.block) &&
    isCount(device.irq) &&
    isCount(device.pin) &&
    typeof device.msix === 'boolean' &&
    Array.isArray(device.irqs) &&
    device.irqs.every(isIrq)
  );
}

function isIrq(value: unknown): value is VirtioIrq {
  if (typeof value !== 'object' || value === null) return false;
  const { irq, name, affinity, effective } = value as Partial<Record<keyof VirtioIrq, unknown>>;
  return isCount(irq) && [name, affinity, effective].every((text) => typeof text === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isNameOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
