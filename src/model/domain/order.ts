/**
 * What follows what while a CPU holds vector_lock: nothing of another operation comes in between on that CPU.
 * Source: arch/x86/kernel/apic/vector.c, the functions named `*_locked` and their callers.
 */
import type { Departure } from '../vector/types.ts';
import type { Domain, Held, Section } from './state.ts';

/** Events that begin nothing: another one of the same hold of the lock stands before them. */
const followers: ReadonlySet<string> = new Set([
  'vector_reserve',
  'vector_update',
  'irq_matrix_remove_reserved',
  'irq_matrix_remove_managed',
  'irq_matrix_free',
]);

/**
 * Whether `event` may come now on this CPU. An event that is due and was never recorded is taken for not recorded.
 * @param irq undefined: the event, one of the matrix, names none.
 */
export function checkOrder(
  { seen }: Domain,
  section: Section,
  event: string,
  irq: number | undefined,
): Departure | undefined {
  const { held } = section;
  if (held) {
    const heldIrq = 'irq' in held ? held.irq : undefined;
    if (held.next === event && (irq === undefined || heldIrq === undefined || heldIrq === irq))
      return undefined;
    if (held.next.startsWith('irq_matrix') || seen.has(held.next))
      return { rule: 'VX6', field: 'irq', got: irq ?? 0, allowed: `${nameOf(held)} next on that CPU` };
    section.held = undefined;
    section.isUnknown = true;
    return undefined;
  }
  if (section.isUnknown || !followers.has(event) || isUndo(section, event)) return undefined;
  if (!beginners(event).every((name) => seen.has(name))) return undefined;
  const allowed = `none: on that CPU ${beginners(event).join(' or ')} comes right before it`;
  return { rule: 'VX6', field: 'irq', got: irq ?? 0, allowed };
}

/** irq_matrix_reserve_managed found a CPU without a free bit, and gives back what it took. */
function isUndo({ reserving }: Section, event: string): boolean {
  return event === 'irq_matrix_remove_managed' && reserving !== undefined;
}

/** What can stand right before a follower. */
function beginners(event: string): string[] {
  switch (event) {
    case 'vector_reserve':
      return ['irq_matrix_reserve'];
    case 'vector_update':
      return ['vector_alloc'];
    case 'irq_matrix_free':
      return ['vector_clear', 'vector_free_moved', 'vector_update'];
    default:
      return ['vector_teardown'];
  }
}

function nameOf(held: Held): string {
  if (held.next === 'vector_config') return `vector_config of irq ${held.irq} with vector ${held.vector}`;
  if (!('irq' in held) || held.irq === undefined) return held.next;
  return `${held.next} of irq ${held.irq}`;
}
