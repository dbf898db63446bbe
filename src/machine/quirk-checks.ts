/** Emulator quirks that no option avoids: looked for in the QEMU that has started, before its CPUs run. */
import { EnvironmentError } from '../errors.ts';
import type { QmpClient } from './qmp.ts';
import { quirks } from './quirks.ts';
import type { Accelerator, MachineSpec } from './spec.ts';

/**
 * @throws {EnvironmentError} `QEMU_QUIRK` if this machine cannot work in this QEMU, unless its spec wants the
 * quirk left in.
 */
export async function refuseBrokenQemu(
  spec: MachineSpec,
  accel: Accelerator['kind'],
  qmp: QmpClient,
  signal: AbortSignal,
): Promise<void> {
  const id = 'amd-iommu-deaf-ioapic';
  // Under KVM the IO-APIC's messages go through KVM's routes, not through that address space.
  if (spec.iommu?.kind !== 'amd' || accel !== 'tcg' || spec.quirks.includes(id)) return;
  if (!ioapicIsDeaf(await qmp.humanMonitor('info mtree', signal))) return;
  const { what, versions } = quirks.find((quirk) => quirk.id === id)!;
  throw new EnvironmentError(`machine ${spec.name} cannot work in this QEMU (quirk ${id}): ${what}`, {
    code: 'QEMU_QUIRK',
    next: `Use iommu: intel, or a QEMU that has the fix: ${versions}.`,
  });
}

/**
 * @param mtree answer to HMP `info mtree`. The IO-APIC is the pseudo device 00:14.0, devfn 160
 * (hw/i386/amd_iommu.h, AMDVI_IOAPIC_SB_DEVID); what its address space holds should be 2^64 bytes long.
 */
export function ioapicIsDeaf(mtree: string): boolean {
  return /address-space: amd_iommu_devfn_160\n[^\n]*amdvi_root\n +0{16}-0{16} /.test(mtree);
}
