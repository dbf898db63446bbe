/**
 * The matrix and the interrupt that asked: both are traced under vector_lock, so on one CPU the two events are
 * neighbours. Source: arch/x86/kernel/apic/vector.c clear_irq_vector, free_moved_vector, assign_vector_locked,
 * assign_managed_vector, apic_update_vector.
 */
import type { CpuEvent, Departure, Event } from './types.ts';

/** A `vector_*` event, its fields by the kernel's names. */
export interface VectorEvent {
  name: string;
  executing: number | undefined;
  fields: Readonly<Record<string, number>>;
}

/** The last event that a CPU executed. */
interface Last {
  /** The vector event right before, when it was one. */
  vector: VectorEvent | undefined;
  /** The last event of the matrix, when it was an allocation. */
  taken: CpuEvent | undefined;
  /** It used up a reservation. */
  reserved: boolean | undefined;
}

/** By executing CPU; changed in place. */
export type Links = Map<number, Last>;

/** @param reservedBefore global_rsvd before it; undefined: not known. */
export function linkMatrix(
  links: Links,
  event: Exclude<Event, { kind: 'lost' }>,
  reservedBefore: number | undefined,
): Departure[] {
  if (event.executing === undefined) return [];
  const vector = links.get(event.executing)?.vector;
  const takes = event.kind === 'alloc' || event.kind === 'alloc_managed';
  const reserved = reservedBefore === undefined ? undefined : event.globalReserved < reservedBefore;
  links.set(event.executing, { vector: undefined, taken: takes ? event : undefined, reserved });
  if (event.kind !== 'free' || !vector) return [];
  const { fields, name } = vector;
  if (name !== 'clear' && name !== 'free_moved') return [];
  const owned = [[fields.vector, fields.cpu]];
  if (name === 'clear' && fields.prev_vector) owned.push([fields.prev_vector, fields.prev_cpu]);
  if (owned.some(([bit, cpu]) => bit === event.bit && cpu === event.cpu)) return [];
  const allowed = `${owned.map(([bit, cpu]) => `${bit} of CPU ${cpu}`).join(' or ')}, which irq ${fields.irq} gives up (vector_${name})`;
  return [{ rule: 'VX1', field: 'bit', got: event.bit, allowed }];
}

export function linkVector(links: Links, event: VectorEvent): Departure[] {
  const { executing, name, fields } = event;
  if (executing === undefined) return [];
  const last = links.get(executing);
  links.set(executing, { vector: event, taken: last?.taken, reserved: last?.reserved });
  const taken = last?.taken;
  if (!taken) return [];
  const departures: Departure[] = [];
  const check = (field: string, want: number) => {
    const got = fields[field]!;
    if (got !== want)
      departures.push({ rule: 'VX2', field, got, allowed: `${want}, by irq_matrix_${taken.kind} before it` });
  };
  const allocated = (name === 'alloc' || name === 'alloc_managed') && fields.ret === 0;
  if (allocated || name === 'update') check('vector', taken.bit);
  if (name === 'update') check('cpu', taken.cpu);
  if (allocated && name === 'alloc' && last.reserved !== undefined) check('reserved', last.reserved ? 1 : 0);
  return departures;
}
