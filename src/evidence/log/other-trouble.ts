/**
 * Trouble of passthrough that is often taken for an interrupt problem and is none. Sources: QEMU hw/vfio,
 * drivers/vfio, drivers/pci/pci.c (pci_dev_wait), drivers/iommu.
 */
import { deviceMessage } from '../kernel-log/line.ts';

export type OtherTroubleWhat =
  | 'iommu-group'
  | 'iommu-missing'
  | 'iommu-fault'
  | 'remapping-missing'
  | 'reset'
  | 'power'
  | 'bar'
  | 'memory'
  | 'vfio-device-busy'
  | 'disk-full';

export interface OtherTrouble {
  kind: 'other-trouble';
  what: OtherTroubleWhat;
  device?: string;
}

const table: readonly [RegExp, OtherTroubleWhat][] = [
  [
    /Please ensure all devices within the iommu_group are bound|group \d{1,5} is not viable|vfio: error no iommu_group/i,
    'iommu-group',
  ],
  [/no iommu_group found|VFIO: No IOMMU|failed to get group \d|IOMMU not present/, 'iommu-missing'],
  [/No interrupt remapping support|allow_unsafe_interrupts/, 'remapping-missing'],
  [/DMAR: \[DMA |DMAR: DRHD: handling fault|IO_PAGE_FAULT|arm-smmu\S{0,40}: event/, 'iommu-fault'],
  [
    /not ready \d{1,7}ms after|no available reset mechanism|timed out waiting for pending transaction|failed to stop IOMMU for a PCI reset|vfio_bar_restore: .{0,40}reset recovery/,
    'reset',
  ],
  [/Unable to change power state|can't change power state/, 'power'],
  [/BAR \d: can't reserve|can't (?:reserve|claim) \[mem|failed to mmap.{0,60}BAR|Failed to mmap/, 'bar'],
  [/VFIO_MAP_DMA|vfio_dma_map|RLIMIT_MEMLOCK|vfio_pin_pages_remote|cannot set up guest memory/, 'memory'],
  [/\/dev\/vfio\/\S{1,40}:? .{0,40}(?:Device or resource busy|Permission denied)/, 'vfio-device-busy'],
  [/No space left on device/, 'disk-full'],
];

/** @param text a message that no interrupt rule has claimed */
export function parseOtherTrouble(text: string): OtherTrouble | undefined {
  const start = text.slice(0, 2000);
  for (const [pattern, what] of table) {
    if (!pattern.test(start)) continue;
    const device =
      deviceMessage(start)?.device ?? /\b([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b/.exec(start)?.[1];
    return device === undefined ? { kind: 'other-trouble', what } : { kind: 'other-trouble', what, device };
  }
  return undefined;
}
