/** A CPU's map goes online or offline. Source: kernel/irq/matrix.c irq_matrix_online, irq_matrix_offline. */
import { type Cells, matrixBits, SYSTEM } from './cells.ts';
import { Comparison } from './laws.ts';
import { afterEvent, cpuOf, withCpu } from './state.ts';
import type { CpuState, MatrixState, Step, Totals } from './types.ts';

/** `executing` is the CPU that it is about: both functions work on their own CPU's map. */
export function onlineStep(
  state: MatrixState,
  kind: 'online' | 'offline',
  event: Totals & { executing: number | undefined },
  end: number | undefined,
): Step {
  const { executing } = event;
  const sign = kind === 'online' ? 1 : -1;
  const compare = new Comparison();
  const before = executing === undefined ? undefined : cpuOf(state, executing);
  if (before?.online === (kind === 'online')) {
    const allowed = `${state.onlineMaps}: CPU ${executing} is ${kind} already (BUG_ON)`;
    compare.add({ rule: 'MX5', field: 'online_maps', got: event.onlineMaps, allowed });
  }
  const expected = before && availableOf(state, before, end);
  const total = state.globalAvailable;
  // What is not known is read off the event.
  const seen = total === undefined ? undefined : (event.globalAvailable - total) * sign;
  const available = expected ?? seen;
  const globalAvailable = total === undefined || available === undefined ? undefined : total;
  compare.totals(
    event,
    { ...state, globalAvailable },
    { onlineMaps: sign, globalAvailable: (available ?? 0) * sign },
  );
  if (expected === undefined) compare.determined = false;
  const verdict = {
    departures: compare.departures,
    counters: compare.determined,
    bit: undefined,
    cpu: undefined,
    diedUnseen: 0,
  };
  if (compare.departures.length > 0) return { state, verdict };
  const after = afterEvent(state, event, state.cpus, state.settled);
  if (executing === undefined || !before) return { state: { ...after, settled: false }, verdict };
  const cpu: CpuState = { ...before, online: kind === 'online', initialized: true, available };
  if (before.initialized === false && kind === 'online')
    return { state: firstOnline(after, executing, cpu), verdict };
  return { state: { ...after, cpus: withCpu(after, executing, cpu), settled: false }, verdict };
}

/** What this CPU's map adds to global_avl: fixed by its first time online, kept from then on. */
function availableOf(state: MatrixState, cpu: CpuState, end: number | undefined): number | undefined {
  if (cpu.initialized !== false) return cpu.available;
  const capacity = state.capacity ?? (end === undefined ? undefined : freeBits(state.blank, end));
  if (capacity === undefined || cpu.managed === undefined) return undefined;
  return capacity - cpu.managed;
}

function freeBits(cells: Cells, end: number): number {
  let free = 0;
  for (let bit = 0; bit < end; bit += 1) if (cells[bit] !== SYSTEM) free += 1;
  return free;
}

/** The boot CPU tells how many bits a map has; with the system bits that gives `alloc_end`. */
function firstOnline(state: MatrixState, executing: number, cpu: CpuState): MatrixState {
  const capacity = state.capacity ?? (cpu.available ?? 0) + (cpu.managed ?? 0);
  const first = state.capacity === undefined;
  const end = first ? allocEnd(state.blank, capacity) : matrixBits;
  const close = (cells: Cells) => cells.slice().fill(SYSTEM, end);
  const blank = first ? close(state.blank) : state.blank;
  const changed = { ...cpu, capacity, cells: first ? close(cpu.cells) : cpu.cells };
  return { ...state, capacity, blank, cpus: withCpu(state, executing, changed) };
}

/** The lowest end that leaves `capacity` bits; a system bit right there makes no difference. */
function allocEnd(cells: Cells, capacity: number): number {
  let left = capacity;
  for (let bit = 0; bit < matrixBits; bit += 1) {
    if (left === 0) return bit;
    if (cells[bit] !== SYSTEM) left -= 1;
  }
  return matrixBits;
}
