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
  const pfs = functionsOf(lab).filter(({ kind, vf }) => kind === 'igb' && vf === undefined);
  const names = pfs.map(({ name }) => name);
  for (const key of ['owner', 'neighbour'] as const) {
    const name = race[key];
    if (name === undefined) continue;
    const place = { path: ['race', key] };
    if (!names.includes(name)) yield { place, message: unknown('igb', name, names) };
    const device = lab.host.devices[name];
    if (device?.kind === 'igb' && device.vfs.length > 0)
      yield { place, message: `${name} has VFs, which vfio-pci does not take with it` };
  }
  if (race.neighbour === race.owner)
    yield { place: { path: ['race', 'neighbour'] }, message: 'a neighbour is another device' };
  const cpus = race.neighbour === undefined ? 2 : 3;
  if (lab.host.iommu === 'none')
    yield { place: { path: ['race', 'owner'] }, message: 'vfio-pci needs an IOMMU, and host.iommu is none' };
  if (lab.host.cpus < cpus)
    yield {
      place: { path: ['host', 'cpus'] },
      message: `a race ${cpus === 2 ? 'takes two CPUs' : 'with a neighbour takes three CPUs'}`,
    };
  if (Object.keys(lab.guests).length > 0)
    yield { place: { path: ['guests'], at: 'key' }, message: 'a lab that forces a race has no guests' };
}

function isOfRace(step: Step): boolean {
  return step.injectInterrupt !== undefined;
}
