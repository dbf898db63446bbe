/** That disks fit the machine, variant by variant, and that nothing is said about disks where there are none. */
import type { Complaint } from './complaint.ts';
import { roomForDisks } from './disks.ts';
import { labOfVariant } from './host-change.ts';
import type { Path } from './problem.ts';
import type { HostChange, Lab } from './schema.ts';

export function* checkDisks(lab: Lab): Generator<Complaint> {
  const { disks } = lab.host;
  if (!disks) {
    yield* checkNone(lab);
    return;
  }
  if (Object.keys(lab.guests).length > 0)
    yield {
      place: { path: ['host', 'disks'], at: 'key' },
      message: 'a lab is about many disks or about guests, not both',
    };
  for (const [id, variant] of Object.entries(lab.variants)) {
    if (variant.faults.length > 0)
      yield {
        place: { path: ['variants', id, 'faults'] },
        message: 'in a lab with disks they are the fault: nothing is injected',
      };
    yield* checkRoom(lab, id);
  }
}

/** Without disks nothing may change, unplug or probe them, and no probe of theirs can fail. */
function* checkNone(lab: Lab): Generator<Complaint> {
  const message = 'this lab has no host.disks';
  if (lab.failure === 'virtio-blk-probe-failed') yield { place: { path: ['failure'] }, message };
  for (const [path, { host }] of changes(lab))
    if (host.disks) yield { place: { path: [...path, 'host', 'disks'], at: 'key' }, message };
  for (const [id, remedy] of Object.entries(lab.remedies)) {
    for (const when of ['before', 'after'] as const) {
      for (const [i, step] of remedy[when].entries()) {
        const key = (['unplugDisks', 'probeDisksAgain'] as const).find((name) => step[name] !== undefined);
        if (key) yield { place: { path: ['remedies', id, when, i, key], at: 'key' }, message };
      }
    }
  }
}

function* changes(lab: Lab): Generator<[path: Path, { host: HostChange }]> {
  for (const [id, remedy] of Object.entries(lab.remedies)) yield [['remedies', id], remedy];
  for (const [id, variant] of Object.entries(lab.variants)) yield [['variants', id], variant];
}

function* checkRoom(whole: Lab, id: string): Generator<Complaint> {
  const lab = labOfVariant(whole, id);
  const { cpus, numaNodes, disks } = lab.host;
  const room = roomForDisks(lab);
  const { remedy } = lab.variants[id]!;
  /** The place that says it: the variant, its remedy, or the host itself. */
  const said = (...key: string[]): Path =>
    [
      ['variants', id, 'host', ...key],
      ['remedies', remedy, 'host', ...key],
      ['host', ...key],
    ].find((path) => path[0] === 'host' || valueAt(whole, path) !== undefined)!;
  if (disks!.count > room)
    yield {
      place: { path: said('disks', 'count') },
      message: `${id}: there is room for ${room} ${disks!.plug === 'hot' ? 'hot-plugged' : 'cold'} disks`,
    };
  if (disks!.intx === 'pinless' && disks!.plug === 'cold')
    yield {
      place: { path: said('disks', 'intx') },
      message: `${id}: the firmware gives every disk that is there at boot an INTx line; write \`plug: hot\``,
    };
  if (numaNodes > cpus)
    yield {
      place: { path: said('numaNodes') },
      message: `${id}: ${numaNodes} nodes need as many CPUs, and there are ${cpus}`,
    };
  const unplugged = lab.remedies[remedy]?.after.find((step) => step.unplugDisks !== undefined)?.unplugDisks;
  if (unplugged !== undefined && unplugged > disks!.count)
    yield {
      place: { path: ['remedies', remedy, 'after'] },
      message: `${id}: ${unplugged} disks cannot be unplugged, there are ${disks!.count}`,
    };
}

function valueAt(lab: Lab, path: Path): unknown {
  return path.reduce<unknown>(
    (here, step) => (here as Record<PropertyKey, unknown> | undefined)?.[step],
    lab,
  );
}
