/** What remedies and variants change about devices and guests: that it is there, and that it fits afterwards. */
import type { Complaint } from './complaint.ts';
import { unknown } from './complaint.ts';
import { labOfVariant } from './host-change.ts';
import { isRootDevice, rootDevicesOf } from './root-devices.ts';
import type { Lab } from './schema.ts';
import { functionsOf, isPassable } from './topology.ts';

type Change = Pick<Lab['remedies'][string], 'host' | 'guests'>;

export function* checkChanges(lab: Lab): Generator<Complaint> {
  for (const group of ['remedies', 'variants'] as const)
    for (const [id, change] of Object.entries<Change>(lab[group])) yield* checkOne(lab, [group, id], change);
  for (const id of Object.keys(lab.variants)) yield* checkFit(lab, id);
}

function* checkOne(lab: Lab, path: [group: string, id: string], change: Change): Generator<Complaint> {
  const onRootBus = rootDevicesOf(lab).map(([id]) => id);
  for (const id of Object.keys(change.host.devices ?? {})) {
    const device = lab.host.devices[id];
    if (!device || !isRootDevice(device))
      yield {
        place: { path: [...path, 'host', 'devices', id], at: 'key' },
        message: device
          ? `${id} sits behind a port: its slot is chosen for it`
          : unknown('device on the root bus', id, onRootBus),
      };
  }
  const passable = functionsOf(lab).filter((fn) => isPassable(lab, fn));
  for (const [guest, { passthrough }] of Object.entries(change.guests)) {
    if (!Object.hasOwn(lab.guests, guest))
      yield {
        place: { path: [...path, 'guests', guest], at: 'key' },
        message: unknown('guest', guest, Object.keys(lab.guests)),
      };
    for (const [i, name] of passthrough.entries())
      if (!passable.some((fn) => fn.name === name))
        yield {
          place: { path: [...path, 'guests', guest, 'passthrough', i] },
          message: unknown(
            'function to pass through',
            name,
            passable.map((fn) => fn.name),
          ),
        };
  }
}

/** One device a slot, one owner a function: what the whole lab keeps may be broken by a change. */
function* checkFit(whole: Lab, variant: string): Generator<Complaint> {
  const { remedy, host, guests } = whole.variants[variant]!;
  const lab = labOfVariant(whole, variant);
  const path = (own: object | undefined) =>
    own && Object.keys(own).length > 0 ? ['variants', variant] : ['remedies', remedy];
  const taken = new Map<number, string>();
  for (const [id, { slot }] of rootDevicesOf(lab)) {
    const other = taken.get(slot);
    const changed = [whole.remedies[remedy]?.host, host].some(
      (h) => h?.devices?.[id] ?? h?.devices?.[other ?? ''],
    );
    if (other && changed)
      yield {
        place: { path: [...path(host.devices), 'host', 'devices'], at: 'key' },
        message: `${variant}: ${other} and ${id} are both in slot ${slot} of the root bus`,
      };
    taken.set(slot, id);
  }
  const changes = { ...whole.remedies[remedy]?.guests, ...guests };
  if (Object.keys(changes).length === 0) return;
  const owners = new Map<string, string>();
  for (const [guest, { passthrough }] of Object.entries(lab.guests)) {
    for (const name of passthrough) {
      const other = owners.get(name);
      if (other)
        yield {
          place: { path: [...path(guests), 'guests'], at: 'key' },
          message: `${variant}: ${name} is passed through twice, to ${other} and to ${guest}`,
        };
      owners.set(name, guest);
    }
  }
}
