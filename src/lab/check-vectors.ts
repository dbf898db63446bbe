/** That a remedy or variant changes the vectors of a disk that offers some. */
import { type Complaint, unknown } from './complaint.ts';
import type { HostChange, Lab } from './schema.ts';

export function* checkVectorChanges(lab: Lab): Generator<Complaint> {
  const disks = Object.entries(lab.host.devices).flatMap(([id, { kind }]) =>
    kind === 'virtio-blk' ? [id] : [],
  );
  for (const group of ['remedies', 'variants'] as const)
    for (const [id, { host }] of Object.entries<{ host: HostChange }>(lab[group]))
      for (const [device, { vectors }] of Object.entries(host.devices ?? {}))
        if (vectors !== undefined && !disks.includes(device))
          yield {
            place: { path: [group, id, 'host', 'devices', device], at: 'key' },
            message: unknown('virtio-blk disk', device, disks),
          };
}
