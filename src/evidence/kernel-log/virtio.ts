/**
 * What virtio drivers say while they probe. Sources: drivers/base/dd.c (really_probe, call_driver_probe),
 * drivers/block/virtio_blk.c (init_vq, virtblk_update_capacity), drivers/virtio/virtio_pci_modern_dev.c
 * (vp_modern_probe; ≤ 5.12 virtio_pci_modern.c).
 */

export type VirtioFact =
  /** The driver gave the device up. −19 and −6 (ENODEV, ENXIO) are not printed at the default level. */
  | { kind: 'virtio-probe-failed'; driver: string; device: string; errno: number }
  /** ≥ 5.14: printed before the vectors are asked for, so also by a probe that fails later. */
  | { kind: 'virtio-blk-queues'; device: string; default: number; read: number; poll: number }
  /** Its disk has a size: the probe got through. */
  | { kind: 'virtio-blk-disk'; device: string; disk: string }
  /** A transitional or legacy function: left to the legacy half of the driver. No trouble in itself. */
  | { kind: 'virtio-legacy'; device: string };

const probeNew =
  /^(virtio_[a-z0-9_]{1,20}) (virtio\d{1,6}): probe with driver \S{1,40} failed with error (-?\d{1,5})/;
// A module's name has dashes or underscores: virtio-pci probes PCI functions and is no driver of `virtioN`.
const probeOld = /^(virtio_[a-z0-9_]{1,20}): probe of (virtio\d{1,6}) failed with error (-?\d{1,5})/;
const queues = /^virtio_blk (virtio\d{1,6}): (\d{1,5})\/(\d{1,5})\/(\d{1,5}) default\/read\/poll queues/;
const disk = /^virtio_blk (virtio\d{1,6}): \[(vd[a-z]{1,6})\] /;
const legacy =
  /^virtio-pci ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): virtio_pci: leaving for legacy driver/;

export function parseVirtio(message: string): VirtioFact | undefined {
  if (!message.startsWith('virtio')) return undefined;
  const failed = probeNew.exec(message) ?? probeOld.exec(message);
  if (failed)
    return { kind: 'virtio-probe-failed', driver: failed[1]!, device: failed[2]!, errno: Number(failed[3]) };
  const counts = queues.exec(message);
  if (counts) {
    const [, device, normal, read, poll] = counts;
    return {
      kind: 'virtio-blk-queues',
      device: device!,
      default: Number(normal),
      read: Number(read),
      poll: Number(poll),
    };
  }
  const named = disk.exec(message);
  if (named) return { kind: 'virtio-blk-disk', device: named[1]!, disk: named[2]! };
  const old = legacy.exec(message);
  return old ? { kind: 'virtio-legacy', device: old[1]! } : undefined;
}
