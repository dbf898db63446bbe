/** A prediction made before anything ran, held against the stored evidence of the machine that ran. */

import { kernelRecords } from '../../evidence/kernel-log/line.ts';
import { parseKernelMessage } from '../../evidence/kernel-log/parse.ts';
import { plainLines } from '../../evidence/source.ts';
import { parseVirtioDevices, type VirtioDeviceRecord } from '../../evidence/virtio-devices.ts';
import type { DiskPrediction } from '../../model/virtio/types.ts';

/** How a disk's interrupts look: EACH and SHARED_SLOW have the same names. */
export type Look = 'queue' | 'shared' | 'line' | 'none';

export interface DiskEnd {
  look: Look;
  errno?: number;
  /** What the kernel said about this disk at warning level and above. */
  messages: string[];
}

export interface DiskComparison {
  index: number;
  name: string;
  predicted: DiskEnd;
  /** Absent: the machine did not list it. */
  seen?: DiskEnd;
  same: boolean;
}

/** Virtio device id of a disk. */
const block = 2;

export function compareDisks(
  disks: readonly DiskPrediction[],
  /** `snapshots/after-disks.host.virtio` */
  devices: string,
  /** `host.dmesg` */
  dmesg: string,
): DiskComparison[] {
  const records = parseVirtioDevices(devices).devices.filter(({ deviceId }) => deviceId === block);
  const byName = new Map(records.map((record) => [record.name, record]));
  const said = messagesByDisk(dmesg);
  return disks.map((disk) => {
    const predicted = predictedEnd(disk);
    const record = byName.get(disk.name);
    const { index, name } = disk;
    if (!record) return { index, name, predicted, same: false };
    const seen = seenEnd(record, said.get(name));
    return { index, name, predicted, seen, same: JSON.stringify(seen) === JSON.stringify(predicted) };
  });
}

function predictedEnd({ rung, errno, messages, name }: DiskPrediction): DiskEnd {
  const look = rung === 'failed' ? 'none' : rung === 'intx' ? 'line' : rung === 'shared' ? 'shared' : 'queue';
  // "Interrupt reservation exceeds" names no disk.
  const own = messages.filter((message) => message.includes(name));
  return { look, ...(errno === undefined ? {} : { errno }), messages: own };
}

function seenEnd({ name, irqs, driver }: VirtioDeviceRecord, said: Said | undefined): DiskEnd {
  const has = (end: string) => irqs.some((irq) => irq.name.startsWith(`${name}${end}`));
  const line = irqs.some((irq) => irq.name === name);
  const look =
    driver === null
      ? 'none'
      : has('-req.')
        ? 'queue'
        : has('-virtqueues')
          ? 'shared'
          : line
            ? 'line'
            : 'none';
  return {
    look,
    ...(said?.errno === undefined ? {} : { errno: said.errno }),
    messages: said?.messages ?? [],
  };
}

interface Said {
  errno?: number;
  messages: string[];
}

function messagesByDisk(dmesg: string): Map<string, Said> {
  const said = new Map<string, Said>();
  for (const source of plainLines('host.dmesg', 'host', dmesg)) {
    for (const { message } of kernelRecords(source)) {
      const fact = parseKernelMessage(message);
      if (fact?.kind !== 'virtio-probe-failed' && fact?.kind !== 'flags-mismatch') continue;
      const name = fact.kind === 'virtio-probe-failed' ? fact.device : fact.newName;
      const one = said.get(name) ?? { messages: [] };
      one.messages.push(message.trimEnd());
      if (fact.kind === 'virtio-probe-failed') one.errno = fact.errno;
      said.set(name, one);
    }
  }
  return said;
}
