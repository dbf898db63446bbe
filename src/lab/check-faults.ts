/** That faults, their schedules and the invariants fit the rest of the lab. */
import { wordsOf } from '../faults/schema.ts';
import { type Complaint, unknown } from './complaint.ts';
import { durationMs } from './duration.ts';
import type { Path } from './problem.ts';
import type { Lab } from './schema.ts';
import { faultName, type Invariant, type Scheduled } from './schema-schedule.ts';
import { functionsOf, isInUse, portNames, portOf } from './topology.ts';

/** A longer schedule is a slip of the unit. */
const longestMs = 3_600_000;

export function* checkFaults(lab: Lab): Generator<Complaint> {
  const names = {
    functions: functionsOf(lab),
    ports: portNames(lab),
    guests: Object.keys(lab.guests),
    portOf: (device: string) => portOf(lab, device),
    cpusOf: (machine: string) => lab.guests[machine]?.cpus ?? lab.host.cpus,
    unknown,
  };
  for (const [id, fault] of Object.entries(lab.faults)) {
    for (const { key, message } of wordsOf(fault).check(fault, names))
      yield { place: { path: ['faults', id, key] }, message };
  }
  yield* checkInvariants(lab, lab.invariants, ['invariants']);
}

export function* checkVariantFaults(lab: Lab, id: string): Generator<Complaint> {
  const { faults, invariants } = lab.variants[id]!;
  const names = faults.map(faultName);
  for (const [i, entry] of faults.entries()) {
    const path: Path = ['variants', id, 'faults', i];
    const name = names[i]!;
    const named: Path = typeof entry === 'string' ? path : [...path, 'fault'];
    const fault = Object.hasOwn(lab.faults, name) ? lab.faults[name] : undefined;
    if (!fault) yield { place: { path: named }, message: unknown('fault', name, Object.keys(lab.faults)) };
    if (names.indexOf(name) < i)
      yield { place: { path: named }, message: `${name} is already injected by this variant` };
    if (!fault) continue;
    const hotplug = lab.variants[id]!.host.hotplug ?? lab.host.hotplug;
    if (fault.kind === 'hotplug' && fault.unplug.includes('surprise') && hotplug === 'acpi')
      yield {
        place: { path: named },
        message: `${name} pulls its card out, which needs \`hotplug: native\`: ACPI has no slot to cut the power of`,
      };
    const iommu = lab.variants[id]!.host.iommu ?? lab.host.iommu;
    if (fault.kind === 'vector-pressure' && iommu === 'none')
      yield {
        place: { path: named },
        message: `${name} holds vectors through VFIO, which needs an IOMMU, and host.iommu is none`,
      };
    const { port } = fault.kind === 'hotplug' ? fault : {};
    const sharer = port && names.slice(0, i).find((other) => inPort(lab, other) === port);
    if (sharer) yield { place: { path: named }, message: `${sharer} uses ${port} already, beside it` };
    const { lasts } = wordsOf(fault);
    if (typeof entry !== 'string') yield* checkSchedule(entry, lasts, path);
    else if (lasts)
      yield {
        place: { path },
        message: `${name} goes on until it is stopped: write { fault: ${name}, during: 30s }`,
      };
  }
  yield* checkInvariants(lab, invariants, ['variants', id, 'invariants'], lab.invariants);
}

/** The port that a hot-plug fault uses. */
function inPort(lab: Lab, name: string): string | undefined {
  const fault = Object.hasOwn(lab.faults, name) ? lab.faults[name] : undefined;
  return fault?.kind === 'hotplug' ? fault.port : undefined;
}

function* checkSchedule(entry: Scheduled, lasts: boolean, path: Path): Generator<Complaint> {
  const { fault, at, every, times, during, random } = entry;
  const wrong = (key: keyof Scheduled | undefined, message: string): Complaint => ({
    place: { path: key === undefined ? path : [...path, key] },
    message,
  });
  for (const key of ['every', 'times', 'during'] as const) {
    if (random && entry[key] !== undefined && !(key === 'during' && lasts))
      yield wrong(key, `\`random\` says when; \`${key}\` has no meaning beside it`);
  }
  if (random && lasts)
    yield wrong('random', `${fault} lasts, so it cannot come at random moments: write \`at\` or \`every\``);
  if (times !== undefined && every === undefined && !random)
    yield wrong('times', 'say how far apart they are as well: `every: 2s`');
  if (lasts && during === undefined)
    yield wrong(undefined, `${fault} goes on until it is stopped: write \`during: 30s\``);
  if (!lasts && !random && every === undefined && during !== undefined)
    yield wrong('during', `${fault} happens at a moment: write \`every\` as well, or \`at\` alone`);
  if (every !== undefined && !random) {
    if (durationMs(every) === 0) yield wrong('every', 'must be more than nothing');
    if (times === undefined && (lasts || during === undefined))
      yield wrong(
        'every',
        lasts
          ? 'say how many times as well: `times: 3`'
          : 'say until when as well: `times: 5` or `during: 30s`',
      );
    if (!lasts && times !== undefined && during !== undefined)
      yield wrong('during', '`times` says until when already');
    if (lasts && during !== undefined && durationMs(during) > durationMs(every))
      yield wrong('every', `each goes on for ${during}, so the next one cannot begin after ${every}`);
  }
  if (!lasts && [at, every, times, random, during].every((key) => key === undefined))
    yield wrong(
      undefined,
      `say when: \`at\`, \`every\` or \`random\`; or write ${fault} alone, and it comes first`,
    );
  const length =
    (at === undefined ? 0 : durationMs(at)) +
    (every === undefined ? 0 : durationMs(every) * ((times ?? 1) - 1)) +
    (during === undefined ? 0 : durationMs(during)) +
    (random ? durationMs(random.within) : 0);
  if (length > longestMs) yield wrong(undefined, 'this is longer than an hour');
}

/** @param already demanded of every variant */
function* checkInvariants(
  lab: Lab,
  invariants: readonly Invariant[],
  path: Path,
  already: readonly Invariant[] = [],
): Generator<Complaint> {
  const seen = new Set(already.map(subjectOf));
  for (const [i, invariant] of invariants.entries()) {
    const at = (key: keyof Invariant): Path => [...path, i, key];
    const { guestAnswers, traffic, ledgerBalanced, every, within } = invariant;
    const key = subjectOf(invariant);
    if (seen.has(key)) yield { place: { path: [...path, i] }, message: 'this is demanded already' };
    seen.add(key);
    if (durationMs(every) < 100) yield { place: { path: at('every') }, message: 'must be at least 100ms' };
    if (durationMs(within) === 0)
      yield { place: { path: at('within') }, message: 'must be more than nothing' };
    if (lab.host.disks)
      yield {
        place: { path: [...path, i] },
        message: 'a lab with disks injects nothing, so nothing is checked meanwhile',
      };
    if (guestAnswers !== undefined && !Object.hasOwn(lab.guests, guestAnswers))
      yield {
        place: { path: at('guestAnswers') },
        message: unknown('guest', guestAnswers, Object.keys(lab.guests)),
      };
    if (traffic !== undefined) {
      const checks = lab.traffic
        ? Object.keys(lab.traffic)
        : functionsOf(lab)
            .filter(isInUse)
            .map((fn) => fn.name.replace('.', '-'));
      if (!checks.includes(traffic))
        yield { place: { path: at('traffic') }, message: unknown('traffic check', traffic, checks) };
    }
    if (ledgerBalanced && !lab.host.ledger)
      yield {
        place: { path: at('ledgerBalanced') },
        message: 'there is no ledger: write `ledger: true` under `host`',
      };
  }
}

/** What an invariant is about: twice the same would be one in the record. */
function subjectOf({ guestAnswers, traffic, globalAvailable, ledgerBalanced }: Invariant): string {
  return JSON.stringify([guestAnswers, traffic, globalAvailable && 0, ledgerBalanced && 0]);
}
