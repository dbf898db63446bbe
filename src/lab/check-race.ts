/** That a lab about a race says whose, and each of its variants in which order. */
import { type Complaint, unknown } from './complaint.ts';
import type { Lab, Step } from './schema.ts';
import { functionsOf } from './topology.ts';

export function* checkRace(lab: Lab): Generator<Complaint> {
  const { race } = lab;
  for (const [id, variant] of Object.entries(lab.variants)) {
    const path = ['variants', id];
    if (race && !variant.race)
      yield { place: { path, at: 'key' }, message: 'this lab forces a race: say `race:`, in which order' };
    if (!race && variant.race)
      yield { place: { path: [...path, 'race'], at: 'key' }, message: 'the lab has no `race:` to force' };
    if (race && variant.faults.length > 0)
      yield {
        place: { path: [...path, 'faults'], at: 'key' },
        message: 'a lab that forces a race injects no faults: the order is the fault',
      };
  }
  for (const [id, remedy] of Object.entries(lab.remedies))
    for (const when of ['before', 'after'] as const)
      for (const [i, step] of remedy[when].entries())
        if (!race && isOfRace(step))
          yield {
            place: { path: ['remedies', id, when, i] },
            message: 'the lab has no `race:`, so nobody to inject for',
          };
  if (!race) return;
  const owner = { path: ['race', 'owner'] };
  const pfs = functionsOf(lab).filter(({ kind, vf }) => kind === 'igb' && vf === undefined);
  const names = pfs.map(({ name }) => name);
  if (!names.includes(race.owner)) yield { place: owner, message: unknown('igb', race.owner, names) };
  const device = lab.host.devices[race.owner];
  if (device?.kind === 'igb' && device.vfs.length > 0)
    yield { place: owner, message: `${race.owner} has VFs, which vfio-pci does not take with it` };
  if (lab.host.iommu === 'none')
    yield { place: owner, message: 'vfio-pci needs an IOMMU, and host.iommu is none' };
  if (lab.host.cpus < 2) yield { place: { path: ['host', 'cpus'] }, message: 'a race takes two CPUs' };
  if (Object.keys(lab.guests).length > 0)
    yield { place: { path: ['guests'], at: 'key' }, message: 'a lab that forces a race has no guests' };
}

function isOfRace(step: Step): boolean {
  return step.injectInterrupt !== undefined;
}
