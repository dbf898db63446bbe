/**
 * An event of the matrix, seen from the interrupt that it is for: both are traced under vector_lock, so that on one
 * CPU they are neighbours. Source: arch/x86/kernel/apic/vector.c, the callers of kernel/irq/matrix.c.
 */
import { clipped, hasCpu, setOf } from '../vector/cpuset.ts';
import type { CpuEvent, Departure, Event, Hints } from '../vector/types.ts';
import { checkOrder } from './order.ts';
import { type Domain, type Section, sectionOf } from './state.ts';

type MatrixEvent = Exclude<Event, { kind: 'lost' }>;

const fullNames = {
  online: 'irq_matrix_online',
  offline: 'irq_matrix_offline',
  reserve: 'irq_matrix_reserve',
  remove_reserved: 'irq_matrix_remove_reserved',
  assign_system: 'irq_matrix_assign_system',
  reserve_managed: 'irq_matrix_reserve_managed',
  remove_managed: 'irq_matrix_remove_managed',
  alloc_managed: 'irq_matrix_alloc_managed',
  assign: 'irq_matrix_assign',
  alloc: 'irq_matrix_alloc',
  free: 'irq_matrix_free',
  alloc_reserved: 'irq_matrix_alloc_reserved',
} as const;

/** What the interrupt, or a probe, tells of an event of the matrix beforehand. */
export function hintsFor(domain: Domain, event: MatrixEvent): Hints {
  switch (event.kind) {
    case 'free':
      return { managed: managedOf(domain, event) };
    case 'alloc': {
      const section = sectionOf(domain, event.executing);
      const probe = section.probe?.call === 'alloc' ? section.probe : undefined;
      const mask = probe?.mask && clipped(probe.mask, probe.cpus);
      return { mask, reserved: probe?.reserved ?? reservedOf(domain, section) };
    }
    case 'alloc_managed': {
      const section = sectionOf(domain, event.executing);
      const probe = section.probe?.call === 'alloc_managed' ? section.probe : undefined;
      if (probe?.mask) return { mask: clipped(probe.mask, probe.cpus) };
      const irq = section.activating;
      return irq?.due?.event === 'start' && irq.cpus ? { mask: setOf(irq.cpus) } : {};
    }
    default:
      return {};
  }
}

function managedOf(domain: Domain, event: CpuEvent): boolean | undefined {
  const { probe, held } = sectionOf(domain, event.executing);
  if (probe?.call === 'free' && probe.cpu === event.cpu && probe.bit === event.bit) return probe.managed;
  const isManaged = held?.next === 'irq_matrix_free' ? held.frees[0]?.isManaged : undefined;
  // That it is not one is known if the recording tells of those that are; else the map knows.
  return isManaged || domain.seen.has('vector_reserve_managed') ? isManaged : undefined;
}

/** `has_reserved` of the interrupt that allocates: one that is activated may have it, one that moves has not. */
function reservedOf(domain: Domain, section: Section): boolean | undefined {
  const irq = section.activating;
  if (irq?.due?.event === 'tries' || irq?.due?.event === 'keep')
    // vector_config ends an activation that keeps its vector.
    return domain.seen.has('vector_config') ? irq.hasReserved : undefined;
  const isTold = domain.seen.has('vector_activate') && domain.seen.has('vector_reserve');
  const isKnown = domain.sinceBoot && isTold && domain.trying === 0;
  return isKnown && !section.isUnknown ? false : undefined;
}

/** @param reservedBefore global_rsvd before it; undefined: not known. */
export function stepMatrix(
  domain: Domain,
  event: MatrixEvent,
  reservedBefore: number | undefined,
): { departures: readonly Departure[]; foretold: boolean | undefined } {
  const section = sectionOf(domain, event.executing);
  const late = checkOrder(domain, section, fullNames[event.kind], undefined);
  if (late)
    return { departures: [{ ...late, field: 'bit', got: 'bit' in event ? event.bit : 0 }], foretold: false };
  // Where the end of a reservation is not recorded, what is given back may be of any interrupt.
  if (event.kind === 'remove_managed' && !domain.seen.has('vector_reserve_managed'))
    section.reserving = undefined;
  const departure = follow(section, event, reservedBefore);
  const foretold = isForetold(section, event);
  if (!departure) advance(section, event, reservedBefore);
  if (section.probe?.call !== 'reserve_managed') section.probe = undefined;
  return { departures: departure ? [departure] : [], foretold };
}

/** The CPU and, of `free`, the bit were known before; undefined: of this kind another rule tells. */
function isForetold({ held, probe, reserving }: Section, event: MatrixEvent): boolean | undefined {
  switch (event.kind) {
    case 'free':
      return held?.next === 'irq_matrix_free' || probe?.call === 'free';
    case 'reserve_managed':
      return probe?.call === 'reserve_managed' && probe.mask !== undefined;
    case 'remove_managed':
      if (held?.next === 'irq_matrix_remove_managed') return held.cpus !== undefined;
      return reserving !== undefined;
    default:
      return undefined;
  }
}

function follow(section: Section, event: MatrixEvent, _reserved: number | undefined): Departure | undefined {
  const { held, probe, reserving } = section;
  if (event.kind === 'free' && held?.next === 'irq_matrix_free') {
    const [first] = held.frees;
    if (!first || (first.vector === event.bit && first.cpu === event.cpu)) return undefined;
    const allowed = `${first.vector} of CPU ${first.cpu}, which irq ${held.irq} gives up (vector_${held.by})`;
    return { rule: 'VX1', field: 'bit', got: event.bit, allowed };
  }
  if (event.kind === 'reserve_managed') {
    const last = reserving && reserving.undone === 0 ? reserving.cpus.at(-1) : undefined;
    const mask =
      probe?.call === 'reserve_managed' && probe.mask ? clipped(probe.mask, probe.cpus) : undefined;
    if (mask) {
      const next = nextCpu(mask, last === undefined ? 0 : last + 1);
      if (next !== event.cpu) return wrongCpu(event, next, 'the next of the mask');
    }
  }
  if (event.kind !== 'remove_managed') return undefined;
  if (held?.next === 'irq_matrix_remove_managed') {
    const next = held.cpus?.[0];
    if (held.cpus && next !== event.cpu)
      return wrongCpu(event, next, `the next with a bit for irq ${held.irq}`);
  } else if (reserving) {
    const next = reserving.cpus[reserving.undone];
    if (next !== event.cpu) return wrongCpu(event, next, 'the next with a bit reserved just now');
  }
  return undefined;
}

function nextCpu(mask: readonly number[], from: number): number | undefined {
  for (let cpu = from; cpu < mask.length * 32; cpu += 1) if (hasCpu(mask, cpu)) return cpu;
  return undefined;
}

function wrongCpu(event: CpuEvent, want: number | undefined, why: string): Departure {
  const allowed = want === undefined ? 'none: there are no more CPUs in the mask' : `${want}, ${why}`;
  return { rule: 'VX10', field: 'cpu', got: event.cpu, allowed };
}

function advance(section: Section, event: MatrixEvent, reservedBefore: number | undefined): void {
  const { held } = section;
  switch (event.kind) {
    case 'reserve':
      section.held = {
        next: 'vector_reserve',
        irq: held?.next === 'irq_matrix_reserve' ? held.irq : undefined,
      };
      return;
    case 'alloc':
    case 'alloc_managed': {
      const reserved = reservedBefore === undefined ? undefined : event.globalReserved < reservedBefore;
      // Its tries are over.
      section.activating = undefined;
      section.held = { next: `vector_${event.kind}`, taken: event, reserved };
      return;
    }
    case 'free':
      if (held?.next === 'irq_matrix_free')
        section.held = held.frees.length > 1 ? { ...held, frees: held.frees.slice(1) } : held.after;
      return;
    case 'remove_reserved':
      section.held = held?.next === 'irq_matrix_remove_reserved' ? held.after : undefined;
      return;
    case 'reserve_managed':
      section.held = undefined;
      if (!section.reserving || section.reserving.undone > 0) section.reserving = { cpus: [], undone: 0 };
      section.reserving.cpus.push(event.cpu);
      return;
    case 'remove_managed':
      removed(section);
      return;
    default:
      section.held = undefined;
  }
}

function removed(section: Section): void {
  const { held, reserving } = section;
  if (held?.next !== 'irq_matrix_remove_managed') {
    if (reserving) reserving.undone += 1;
    return;
  }
  const cpus = held.cpus?.slice(1);
  section.held = cpus && cpus.length > 0 ? { ...held, cpus } : undefined;
  // How many there are is not known.
  if (!cpus) section.isUnknown = true;
}
