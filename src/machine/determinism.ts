/** What a deterministic machine cannot have. Found here, with the quirk that is the reason. */
import { UsageError } from '../errors.ts';
import type { QuirkId } from './quirk.ts';
import { quirks } from './quirks.ts';
import type { Accelerator, MachineSpec } from './spec.ts';
import { allDevices } from './topology.ts';

const disks: readonly string[] = ['nvme', 'virtio-blk', 'null-disk'];

/** @throws {UsageError} `NOT_DETERMINISTIC` */
export function refuseUndetermined(spec: MachineSpec, accel: Accelerator['kind']): void {
  if (accel !== 'tcg') throw notDeterministic(spec.name, 'instructions are counted under TCG only');
  if (spec.nested) throw notDeterministic(spec.name, 'it runs guests', 'tcg-single-thread-nested-hang');
  const disk = allDevices(spec).find(({ kind }) => disks.includes(kind));
  if (disk) throw notDeterministic(spec.name, `it has a disk, "${disk.id}"`, 'icount-block-io');
}

export function notDeterministic(name: string, why: string, quirk?: QuirkId): UsageError {
  const what = quirks.find(({ id }) => id === quirk)?.what;
  return new UsageError(
    `machine ${name} cannot be deterministic: ${why}${what ? ` (quirk ${quirk}: ${what})` : ''}`,
    {
      code: 'NOT_DETERMINISTIC',
      next: 'docs/hunt.md says which labs can be.',
    },
  );
}
