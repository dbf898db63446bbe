/**
 * The x86 vector matrix as a state machine: `step` says of one traced event whether the kernel can have produced
 * it, and what the matrix is afterwards. Source: kernel/irq/matrix.c (v6.12; real traces of 6.1 and 6.12 agree).
 * After an impossible event the state is worth nothing: stop, or begin again with `seededMatrix()`.
 */
import { SYSTEM, withCell } from './cells.ts';
import { stepCpu } from './cpu.ts';
import { Comparison } from './laws.ts';
import { onlineStep } from './online.ts';
import { afterEvent, cpuOf, freshMatrix, seededMatrix, withCpu } from './state.ts';
import type { Event, Hints, MatrixState, Step, Totals, Verdict } from './types.ts';
import { notice } from './unseen.ts';

/**
 * The state before a trace's first event: fresh when that event is the first that a booting kernel can produce
 * (arch/x86/kernel/apic/vector.c lapic_assign_system_vectors, ascending from vector 0, the divide error), else
 * nothing is known.
 */
export function startMatrix(first: Event): MatrixState {
  const boot = first.kind === 'assign_system' && first.bit === 0 && first.onlineMaps === 0;
  return boot ? freshMatrix() : seededMatrix();
}

const nothing: Verdict = {
  departures: [],
  counters: false,
  bit: undefined,
  cpu: undefined,
  diedUnseen: 0,
};

/** @param hints what is known of the event from elsewhere; without them more is allowed. */
export function step(before: MatrixState, event: Event, hints: Hints = {}): Step {
  if (event.kind === 'lost') return { state: seededMatrix(), verdict: nothing };
  const { state, died, departures } = notice(before, event);
  if (departures.length > 0) return { state, verdict: { ...nothing, departures } };
  const { state: after, verdict } = operation(state, event, hints);
  const unseen = died === 0 ? verdict : { ...verdict, diedUnseen: died };
  if (verdict.departures.length > 0 || after.settled) return { state: after, verdict: unseen };
  return settle(after, unseen);
}

function operation(state: MatrixState, event: Exclude<Event, { kind: 'lost' }>, hints: Hints): Step {
  switch (event.kind) {
    case 'online':
    case 'offline':
      return onlineStep(state, event.kind, event, hints.allocEnd);
    case 'reserve':
      return reservation(state, event, 1);
    case 'remove_reserved':
      return reservation(state, event, -1);
    case 'assign_system':
      return assignSystem(state, event);
    default:
      return stepCpu(state, event, hints);
  }
}

/** irq_matrix_reserve, irq_matrix_remove_reserved */
function reservation(state: MatrixState, event: Totals, change: 1 | -1): Step {
  const compare = new Comparison();
  compare.totals(event, state, { globalReserved: change });
  const verdict = { ...nothing, departures: compare.departures, counters: compare.determined };
  return { state: afterEvent(state, event, state.cpus, state.settled), verdict };
}

/** irq_matrix_assign_system: with a map online it replaces an allocated vector of that one CPU. */
function assignSystem(
  state: MatrixState,
  event: Totals & { bit: number; executing: number | undefined },
): Step {
  const compare = new Comparison();
  const replace = (state.onlineMaps ?? 0) > 0;
  const { bit } = event;
  compare.totals(event, state, { totalAllocated: replace ? -1 : 0 });
  if (bit < 0 || bit > 255) compare.add({ rule: 'MX6', field: 'bit', got: bit, allowed: '0 to 255' });
  if (event.onlineMaps > 1)
    compare.add({ rule: 'MX5', field: 'online_maps', got: event.onlineMaps, allowed: '0 or 1 (BUG_ON)' });
  const verdict = { ...nothing, departures: compare.departures, counters: compare.determined };
  if (compare.departures.length > 0) return { state, verdict };
  const cpus = state.cpus.map((one) => one && { ...one, cells: withCell(one.cells, bit, SYSTEM) });
  const after = afterEvent(state, event, cpus, state.settled);
  const next = { ...after, blank: withCell(state.blank, bit, SYSTEM) };
  if (!replace || event.executing === undefined) return { state: next, verdict };
  const cpu = cpuOf(next, event.executing);
  const less = (value: number | undefined) => (value === undefined ? undefined : value - 1);
  const capacity = less(state.capacity);
  const changed = { ...cpu, allocated: less(cpu.allocated), capacity: less(cpu.capacity) };
  return { state: { ...next, capacity, cpus: withCpu(next, event.executing, changed) }, verdict };
}

/** MX2 and MX3, as soon as all is known again. Later events keep them, because each operation does. */
function settle(state: MatrixState, verdict: Verdict): Step {
  let maps = 0;
  let available = 0;
  let allocated = 0;
  for (const cpu of state.cpus) {
    if (cpu?.online !== true) continue;
    if (cpu.available === undefined || cpu.allocated === undefined) return { state, verdict };
    maps += 1;
    available += cpu.available;
    allocated += cpu.allocated;
  }
  if (maps === 0 || maps !== state.onlineMaps) return { state, verdict };
  const compare = new Comparison();
  compare.counter('globalAvailable', state.globalAvailable ?? available, available, 0);
  const total = state.totalAllocated ?? allocated;
  if (total < allocated)
    compare.add({ rule: 'MX3', field: 'total_alloc', got: total, allowed: `${allocated} or more` });
  return { state: { ...state, settled: true }, verdict: { ...verdict, departures: compare.departures } };
}
