/**
 * Where many disks sit. A root bus has some thirty slots, so cold disks are behind conventional bridges of 31
 * slots each; a disk that is plugged in by PCIe's own hot-plug needs a root port to itself, and eight of those
 * share a slot.
 */
import type { PciDevice, PciSlot } from '../machine/spec.ts';
import type { DisksPlan } from './plan.ts';
import type { Lab } from './schema.ts';
import { freeSlots, portsOf } from './topology.ts';
import { ledgerBufferMiB, vectorTraceWords } from './vector-trace.ts';

const disksPerBridge = 31;
const portsPerSlot = 8;

/** The qdev id of a disk, and of the port that a hot one is plugged into. */
export const diskId = (index: number): string => `disk${index}`;
export const diskPortId = (index: number): string => `disk${index}-port`;

export function disksPlan(lab: Lab): DisksPlan | undefined {
  if (!lab.host.disks) return undefined;
  const { driver, ...disks } = lab.host.disks;
  return { ...disks, ...(driver ? { driver } : {}) };
}

/** Disks for which there is room beside the lab's ports and consoles. */
export function roomForDisks(lab: Lab): number {
  const slots = freeSlots(lab).length - portsOf(lab).length - lab.host.consoles;
  const perSlot = lab.host.disks?.plug === 'hot' ? portsPerSlot : disksPerBridge;
  // Chassis numbers, one a port or bridge, are 1 to 255.
  return Math.max(0, slots * perSlot);
}

/** Consoles, then disks or what they are plugged into, in the slots behind the lab's ports. */
export function diskSlots(lab: Lab): PciSlot[] {
  const used = portsOf(lab).length;
  const free = freeSlots(lab).slice(used);
  const { consoles, disks } = lab.host;
  const slots: PciSlot[] = Array.from({ length: consoles }, (_, i) => ({
    slot: free[i]!,
    kind: 'virtio-serial',
    id: `console${i}`,
  }));
  if (!disks) return slots;
  const forDisks = free.slice(consoles);
  const all = Array.from({ length: disks.count }, (_, i) => i);
  if (disks.plug === 'hot')
    return [
      ...slots,
      ...all.map(
        (i): PciSlot => ({
          slot: forDisks[Math.floor(i / portsPerSlot)]!,
          function: i % portsPerSlot,
          kind: 'root-port',
          id: diskPortId(i),
          chassis: used + i + 1,
        }),
      ),
    ];
  const bridges = Math.ceil(disks.count / disksPerBridge);
  return [
    ...slots,
    ...Array.from(
      { length: bridges },
      (_, b): PciSlot => ({
        slot: forDisks[b]!,
        kind: 'pci-bridge',
        id: `bridge${b}`,
        chassis: used + b + 1,
        devices: all.slice(b * disksPerBridge, (b + 1) * disksPerBridge).map((i, place) => ({
          slot: 1 + place,
          ...diskDevice(i, disks.queues),
        })),
      }),
    ),
  ];
}

/**
 * What the host's kernel is told: to trace its vectors, to keep a log of many failures, and without pins, not to
 * learn from ACPI where they lead. Then a function that no firmware configured has interrupt number 0, as one
 * without a pin (drivers/pci/probe.c, pci_read_irq(); arch/x86/pci/irq.c, pirq_enable_irq()).
 */
export function diskWords(lab: Lab): string[] {
  const { disks, cpus, ledger } = lab.host;
  if (!disks) return [];
  // Events of one disk, in the worst case: its failed tries reserve a bit on every CPU and give it back, twice.
  const bytes = 64 * disks.count * (40 + 4 * cpus);
  return [
    ...vectorTraceWords(1 + Math.ceil(bytes / 2 ** 20) + (ledger ? ledgerBufferMiB : 0), ledger),
    'log_buf_len=8M',
    ...(disks.intx === 'pinless' ? ['acpi=noirq'] : []),
  ];
}

export function diskDevice(index: number, queues: number): PciDevice & { kind: 'null-disk' } {
  return { kind: 'null-disk', id: diskId(index), queues };
}
