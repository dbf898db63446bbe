/** What became of each disk: by the machine's own account of its virtio devices, and by its kernel's log. */
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import type { VirtioDeviceRecord } from '../../../evidence/virtio-devices.ts';
import type { Rung } from '../../../model/virtio/types.ts';
import type { Holding } from '../../slots/ledger.ts';
import type { Evidence } from '../../types.ts';

/** Virtio device id of a disk. */
const block = 2;

export interface DiskFacts {
  /** `virtio3` */
  name: string;
  record: VirtioDeviceRecord;
  /** Its line of the snapshot. */
  at: Evidence;
  /** `none`: no driver has it. `unknown`: it has a driver and no interrupt. */
  rung: Rung | 'none' | 'unknown';
  /** The kernel's line that its probe failed, since the moment before. */
  failure: { errno: number; dated: DatedKernelEvent } | undefined;
  /** What its interrupts hold; undefined without a trace. */
  slots: DiskSlots | undefined;
}

export interface DiskSlots {
  /** Managed bits on CPUs that were online: they count against `global_avl`. */
  managed: number;
  /** Managed bits on CPUs that are possible and were not online. */
  managedOffline: number;
  ordinary: number;
  /** Vectors in use. */
  vectors: number;
}

export interface DiskSources {
  devices: readonly VirtioDeviceRecord[];
  /** The line of each device. */
  lines: readonly Evidence[];
  kernel: readonly DatedKernelEvent[];
  holdings: ReadonlyMap<number, Holding> | undefined;
  /** The driver asks for managed interrupts. */
  hinted: boolean;
}

/** The disks among a machine's virtio devices. */
export function disksOf({ devices, lines, kernel, holdings, hinted }: DiskSources): DiskFacts[] {
  const failures = new Map<string, NonNullable<DiskFacts['failure']>>();
  for (const dated of kernel) {
    const { event } = dated;
    if (event.kind === 'virtio-probe-failed') failures.set(event.device, { errno: event.errno, dated });
  }
  // An interrupt line that several disks share is held once, and counted for the first.
  const counted = new Set<number>();
  return devices.flatMap((record, index): DiskFacts[] => {
    if (record.deviceId !== block) return [];
    return [
      {
        name: record.name,
        record,
        at: lines[index]!,
        rung: rungOf(record, hinted ? holdings : undefined),
        failure: failures.get(record.name),
        slots: holdings && slotsOf(record, holdings, counted),
      },
    ];
  });
}

/**
 * The names of EACH and SHARED_SLOW are the same. On the latter the first queue's vector is not managed
 * (drivers/virtio/virtio_pci_common.c vp_find_vqs_msix counts the config vector twice), which only the trace tells.
 */
function rungOf(
  record: VirtioDeviceRecord,
  holdings: ReadonlyMap<number, Holding> | undefined,
): DiskFacts['rung'] {
  if (record.driver === null) return 'none';
  const first = record.irqs.find((irq) => irq.name.endsWith('-req.0'));
  if (first) return holdings?.get(first.irq)?.managed === 0 ? 'shared-slow' : 'each';
  if (record.irqs.some((irq) => irq.name.endsWith('-virtqueues'))) return 'shared';
  return record.irqs.some((irq) => irq.name === record.name) ? 'intx' : 'unknown';
}

function slotsOf(
  record: VirtioDeviceRecord,
  holdings: ReadonlyMap<number, Holding>,
  counted: Set<number>,
): DiskSlots {
  const slots: DiskSlots = { managed: 0, managedOffline: 0, ordinary: 0, vectors: 0 };
  for (const { irq } of record.irqs) {
    const holding = counted.has(irq) ? undefined : holdings.get(irq);
    counted.add(irq);
    if (!holding) continue;
    slots.managed += holding.managedOnline;
    slots.managedOffline += holding.managed - holding.managedOnline;
    slots.ordinary += holding.ordinary;
    slots.vectors += holding.ordinary + (holding.running ? 1 : 0);
  }
  return slots;
}

/** What a disk takes of the slots that are there for all. */
export function taken(slots: DiskSlots): number {
  return slots.managed + slots.ordinary;
}
