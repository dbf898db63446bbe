/** What the schema cannot see: that the parts of a lab fit together. Each complaint points at one place. */
import { checkChanges } from './check-changes.ts';
import { checkDisks } from './check-disks.ts';
import { checkFaults } from './check-faults.ts';
import { checkRace } from './check-race.ts';
import { checkVariants } from './check-variants.ts';
import { checkVectorChanges } from './check-vectors.ts';
import { type Complaint, unknown } from './complaint.ts';
import { didYouMean } from './nearest.ts';
import type { Place } from './problem.ts';
import { isRootDevice, rootDevicesOf } from './root-devices.ts';
import type { Lab, Step } from './schema.ts';
import {
  controlNetworks,
  freeSlots,
  functionsOf,
  isInUse,
  isPassable,
  portOf,
  portsOf,
  trafficOf,
} from './topology.ts';

export function checkLab(lab: Lab): Complaint[] {
  return [
    ...checkNames(lab),
    ...checkDevices(lab),
    ...checkIommu(lab),
    ...checkPassthrough(lab),
    ...checkTraffic(lab),
    ...checkFaults(lab),
    ...checkAccounts(lab),
    ...checkRemedies(lab),
    ...checkChanges(lab),
    ...checkVectorChanges(lab),
    ...checkDisks(lab),
    ...checkRace(lab),
    ...checkVariants(lab),
  ];
}

/** A name must mean one thing: the plan and the evidence use it without saying which kind it is. */
function* checkNames(lab: Lab): Generator<Complaint> {
  const seen = new Map<string, string>([['host', 'the host itself']]);
  const groups: [string[], string][] = [
    [['host', 'ports'], 'a port'],
    [['host', 'devices'], 'a device'],
    [['guests'], 'a guest'],
  ];
  for (const [path, what] of groups) {
    const group = path[0] === 'guests' ? lab.guests : lab.host[path[1] as 'ports' | 'devices'];
    for (const name of Object.keys(group)) {
      const other = seen.get(name);
      const place: Place = { path: [...path, name], at: 'key' };
      if (other) yield { place, message: `the name "${name}" is taken: it is ${other}` };
      seen.set(name, what);
    }
  }
  for (const [id, port] of Object.entries(lab.host.ports)) {
    for (const [i, leg] of (port.switch ?? []).entries()) {
      const other = seen.get(leg);
      const place: Place = { path: ['host', 'ports', id, 'switch', i] };
      if (other) yield { place, message: `the name "${leg}" is taken: it is ${other}` };
      seen.set(leg, 'a port');
    }
  }
  for (const [id, device] of Object.entries(lab.host.devices)) {
    if (isRootDevice(device)) continue;
    const own = portOf(lab, id);
    if (device.port === undefined && seen.has(own))
      yield {
        place: { path: ['host', 'devices', id], at: 'key' },
        message: `its port would be called ${own}, which is ${seen.get(own)}: name a port for it`,
      };
  }
}

function* checkDevices(lab: Lab): Generator<Complaint> {
  const behind = new Map<string, string>();
  const addresses = new Map<string, string>();
  const macs = new Map<string, string>();
  const control = controlNetworks(Object.keys(lab.guests).length);
  for (const [id, device] of Object.entries(lab.host.devices)) {
    const path = ['host', 'devices', id];
    if ('network' in device && control.includes(device.network))
      yield {
        place: { path: [...path, 'network'] },
        message: `${device.network} is a control network (they are ${control.join(', ')})`,
      };
    if (!isRootDevice(device) && device.port !== undefined) {
      const place = { path: [...path, 'port'] };
      const other = behind.get(device.port);
      const named = Object.entries(lab.host.ports).flatMap(([port, { switch: legs }]) => legs ?? [port]);
      if (!named.includes(device.port)) yield { place, message: unknown('port', device.port, named) };
      else if (other) yield { place, message: `port ${device.port} has one slot, and ${other} is in it` };
      behind.set(device.port, id);
    }
    for (const fn of functionsOf(lab).filter((f) => f.device === id)) {
      const at = fn.vf === undefined ? path : [...path, 'vfs', fn.vf];
      for (const [key, seen] of [
        ['address', addresses],
        ['mac', macs],
      ] as const) {
        const value = fn[key];
        if (value === undefined) continue;
        const other = seen.get(value);
        if (other)
          yield { place: { path: [...at, key] }, message: `${value} is already the ${key} of ${other}` };
        seen.set(value, fn.name);
      }
      if ('network' in device && fn.address && prefix(fn.address) !== prefix(device.network))
        yield { place: { path: [...at, 'address'] }, message: `${fn.address} is not in ${device.network}` };
    }
  }
  yield* checkSlots(lab);
  const { length: room } = freeSlots(lab);
  if (portsOf(lab).length > room)
    yield {
      place: { path: ['host', 'ports'], at: 'key' },
      message: `the root bus has room for ${room} ports`,
    };
}

/** Ports keep out of the way; two devices cannot. */
function* checkSlots(lab: Lab): Generator<Complaint> {
  const taken = new Map<number, string>();
  for (const [id, { slot }] of rootDevicesOf(lab)) {
    const other = taken.get(slot);
    if (other)
      yield {
        place: { path: ['host', 'devices', id, 'slot'] },
        message: `slot ${slot} of the root bus is taken: ${other} is in it`,
      };
    taken.set(slot, id);
  }
}

/** What was not counted cannot be said to have come back. */
function* checkAccounts({ failure, host }: Lab): Generator<Complaint> {
  if (failure === 'resources-leaked' && !host.accounts)
    yield {
      place: { path: ['failure'] },
      message: `${failure} is told by accounts: write \`accounts: true\` under \`host\``,
    };
  if (host.accounts && (host.disks || host.ledger))
    yield {
      place: { path: ['host', 'accounts'] },
      message: `\`${host.disks ? 'disks' : 'ledger'}\` traces the vectors in its own way: leave \`accounts\` away`,
    };
}

function* checkIommu(lab: Lab): Generator<Complaint> {
  if (lab.host.iommu === 'virtio' && lab.host.interruptRemapping === true)
    yield {
      place: { path: ['host', 'interruptRemapping'] },
      message: 'a virtio IOMMU has no interrupt remapping',
    };
}

function* checkPassthrough(lab: Lab): Generator<Complaint> {
  const functions = functionsOf(lab);
  const given = new Map<string, string>();
  for (const [guest, { passthrough }] of Object.entries(lab.guests)) {
    for (const [i, name] of passthrough.entries()) {
      const place = { path: ['guests', guest, 'passthrough', i] };
      const fn = functions.find((f) => f.name === name);
      const passable = functions.filter((f) => isPassable(lab, f)).map((f) => f.name);
      if (!fn) yield { place, message: unknown('function', name, passable) };
      else if (!isPassable(lab, fn))
        yield {
          place,
          message: `${name} is a PF; only a VF can be passed through (${passable.join(', ') || 'it has none'})`,
        };
      const other = given.get(name);
      if (other) yield { place, message: `${name} is passed through twice: ${other} already has it` };
      given.set(name, guest);
      if (lab.host.iommu === 'none')
        yield { place, message: 'vfio-pci needs an IOMMU, and host.iommu is none' };
    }
  }
  for (const fn of functions) {
    if (fn.vf === undefined) continue;
    const path = ['host', 'devices', fn.device, 'vfs', fn.vf];
    const device = lab.host.devices[fn.device]!;
    const driver = isRootDevice(device) ? undefined : device.vfs[fn.vf]!.driver;
    const guest = given.get(fn.name);
    if (driver === undefined && guest === undefined)
      yield {
        place: { path },
        message: `nobody has ${fn.name}: give it a driver, pass it to a guest, or write \`driver: none\` (an unbound VF vetoes AER recovery)`,
      };
    if (driver !== undefined && driver !== 'vfio-pci' && guest !== undefined)
      yield {
        place: { path: [...path, 'driver'] },
        message: `${fn.name} cannot be bound to ${driver}: it is passed through to ${guest}`,
      };
  }
}

function* checkTraffic(lab: Lab): Generator<Complaint> {
  const functions = functionsOf(lab);
  for (const [id, traffic] of Object.entries(lab.traffic ?? {})) {
    const place = { path: ['traffic', id, 'over'] };
    const names = functions.map((f) => f.name);
    const fn = functions.find((f) => f.name === traffic.over);
    if (!fn) yield { place, message: unknown('function', traffic.over, names) };
    else if (trafficOf(fn.kind) === undefined)
      yield { place, message: `${fn.name} is neither a NIC nor a disk: nothing can go through it` };
    else if (!isInUse(fn)) yield { place, message: `${fn.name} has no driver, so nothing can go through it` };
    if (fn && trafficOf(fn.kind) === 'block-io' && traffic.to !== undefined)
      yield { place: { path: ['traffic', id, 'to'] }, message: `${fn.name} is a disk and cannot ping` };
  }
}

function* checkRemedies(lab: Lab): Generator<Complaint> {
  const passed = functionsOf(lab).filter(
    (f) => isPassable(lab, f) && f.owner !== undefined && f.owner !== 'host',
  );
  for (const [id, remedy] of Object.entries(lab.remedies)) {
    if (id === 'none')
      yield { place: { path: ['remedies', id], at: 'key' }, message: '`none` means no remedy' };
    for (const when of ['before', 'after'] as const) {
      for (const [i, step] of remedy[when].entries()) {
        for (const { key, message } of checkStep(
          lab,
          step,
          passed.map((f) => f.name),
        ))
          yield { place: { path: ['remedies', id, when, i, ...key] }, message };
      }
    }
  }
}

function* checkStep(lab: Lab, step: Step, passed: string[]): Generator<{ key: string[]; message: string }> {
  const guests = Object.keys(lab.guests);
  for (const key of ['unplug', 'plug'] as const) {
    const name = step[key];
    if (name !== undefined && !passed.includes(name))
      yield { key: [key], message: `no guest owns ${name}${didYouMean(name, passed)}` };
  }
  for (const key of ['unbind', 'remove'] as const) {
    const name = step[key];
    const names = functionsOf(lab).map((fn) => fn.name);
    if (name !== undefined && !names.includes(name))
      yield { key: [key], message: unknown('function', name, names) };
  }
  for (const key of ['resetStoppedGuest', 'startGuest'] as const) {
    const guest = step[key];
    if (guest !== undefined && !guests.includes(guest))
      yield { key: [key], message: unknown('guest', guest, guests) };
  }
  if (step.run && ![...guests, 'host'].includes(step.run.on))
    yield { key: ['run', 'on'], message: unknown('machine', step.run.on, ['host', ...guests]) };
}

function prefix(address: string): string {
  return address.slice(0, address.lastIndexOf('.'));
}
