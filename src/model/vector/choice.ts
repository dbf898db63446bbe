/** Which CPU an allocation takes. Source: kernel/irq/matrix.c matrix_find_best_cpu, matrix_find_best_cpu_managed. */
import { type CpuSet, describeCpus, hasCpu } from './cpuset.ts';
import type { CpuEvent, Departure, Hints, MatrixState } from './types.ts';

export interface Choice {
  departure?: Departure;
  /** One CPU was allowed. Undefined: nothing was chosen. */
  determined: boolean | undefined;
  /** Unmanaged, mask not known: it was the best of all online CPUs. */
  bestOfOnline?: boolean | undefined;
}

/** How the best is found: unmanaged, managed, managed before 4.20. */
type How = 'most-available' | 'least-running' | 'first';

export function checkChoice(state: MatrixState, event: CpuEvent, hints: Hints): Choice {
  if (event.kind !== 'alloc' && event.kind !== 'alloc_managed') return { determined: undefined };
  const { mask } = hints;
  if (mask && !hasCpu(mask, event.cpu)) return departure(event, `one of ${describeCpus(mask)}, the mask`);
  const how: How =
    event.kind === 'alloc' ? 'most-available' : hints.managedTakesFirst ? 'first' : 'least-running';
  const { at, value, candidates, isSure } = best(state, event, mask, how);
  const isOnly = isSure && candidates === 1;
  if (!mask) {
    const isKnown = state.sinceBoot || state.settled;
    const bestOfOnline = how === 'most-available' && isSure && isKnown ? at === event.cpu : undefined;
    return { determined: isOnly && isKnown, bestOfOnline };
  }
  // Both ways are allowed.
  if (event.kind === 'alloc_managed' && hints.managedTakesFirst === undefined && !isOnly)
    return { determined: false };
  if (at !== undefined && at !== event.cpu) return departure(event, `${at}, ${reason(how, value)}`);
  return { determined: isSure };
}

function departure(event: CpuEvent, allowed: string): Choice {
  const rule = event.kind === 'alloc' ? 'MX8' : 'MX9';
  return { determined: true, departure: { rule, field: 'cpu', got: event.cpu, allowed } };
}

function reason(how: How, value: number): string {
  if (how === 'first') return 'the first of the mask that is online';
  return how === 'most-available'
    ? `with most available, ${value}, the first of equals`
    : `where the least managed interrupts run, ${value}, the last of equals`;
}

interface Best {
  /** Undefined: what the event's CPU had is not known. */
  at: number | undefined;
  value: number;
  /** CPUs that a mask can make the best. */
  candidates: number;
  /** All is known of all CPUs of the mask. */
  isSure: boolean;
}

/** The kernel's own loop, over the CPUs of which enough is known: one that is not known makes none of them worse. */
function best({ cpus, sinceBoot }: MatrixState, event: CpuEvent, mask: CpuSet | undefined, how: How): Best {
  const found: Best = { at: undefined, value: 0, candidates: 0, isSure: true };
  const mine = how === 'most-available' ? event.available + 1 : cpus[event.cpu]?.running;
  const count = Math.max(cpus.length, event.cpu + 1, mask ? mask.length * 32 : 0);
  for (let cpu = 0; cpu < count; cpu += 1) {
    if (mask && !hasCpu(mask, cpu)) continue;
    const one = cpus[cpu];
    const isMine = cpu === event.cpu;
    if (!isMine && (one ? one.online === false : sinceBoot)) continue;
    const value = isMine ? mine : how === 'most-available' ? one?.available : one?.running;
    if ((!isMine && one?.online === undefined) || (value === undefined && how !== 'first')) {
      found.isSure = false;
      continue;
    }
    if (how === 'most-available' && value === 0) continue;
    found.candidates += 1;
    if (isBetter(how, found, value ?? 0)) {
      found.at = cpu;
      found.value = value ?? 0;
    }
  }
  if (mine === undefined && how !== 'first') found.at = undefined;
  return found;
}

function isBetter(how: How, { at, value: most }: Best, value: number): boolean {
  if (at === undefined) return true;
  if (how === 'first') return false;
  return how === 'most-available' ? value > most : value <= most;
}

/** The CPU that an allocation takes; 'none' when it fails; undefined: not known. */
export function bestOf(state: MatrixState, mask: CpuSet, isManaged: boolean): number | 'none' | undefined {
  let at: number | 'none' = 'none';
  let best = isManaged ? Number.POSITIVE_INFINITY : 0;
  for (let cpu = 0; cpu < mask.length * 32; cpu += 1) {
    if (!hasCpu(mask, cpu)) continue;
    const one = state.cpus[cpu];
    if (one ? one.online === false : state.sinceBoot) continue;
    const value = isManaged ? one?.running : one?.available;
    if (one?.online === undefined || value === undefined) return undefined;
    if (isManaged ? value > best : value <= best) continue;
    at = cpu;
    best = value;
  }
  return at;
}
