/** The states to begin with, and what becomes of a state when something was not seen. */
import { type Cells, isExact, newCells, stirred } from './cells.ts';
import type { CpuState, MatrixState, Totals } from './types.ts';

const unknownTotals = {
  onlineMaps: undefined,
  globalAvailable: undefined,
  globalReserved: undefined,
  totalAllocated: undefined,
};

/** The matrix as irq_alloc_matrix makes it: for a trace since boot. */
export function freshMatrix(): MatrixState {
  return {
    sinceBoot: true,
    onlineMaps: 0,
    globalAvailable: 0,
    globalReserved: 0,
    totalAllocated: 0,
    capacity: undefined,
    blank: newCells(true),
    cpus: [],
    settled: true,
    unknown: undefined,
  };
}

/** Nothing is known: a trace that begins in the middle, or after lost events. Known again as events show it. */
export function seededMatrix(): MatrixState {
  return {
    sinceBoot: false,
    ...unknownTotals,
    capacity: undefined,
    blank: newCells(false),
    cpus: [],
    settled: false,
    unknown: 'not-seen',
  };
}

export function cpuOf(state: MatrixState, cpu: number): CpuState {
  const known = state.cpus[cpu];
  if (known) return known;
  return state.sinceBoot ? unusedCpu(state.blank) : unknownCpu(state.blank);
}

function unusedCpu(cells: Cells): CpuState {
  return {
    cells,
    exact: true,
    online: false,
    initialized: false,
    available: 0,
    allocated: 0,
    managed: 0,
    running: 0,
    capacity: undefined,
  };
}

function unknownCpu(cells: Cells): CpuState {
  return {
    cells,
    exact: false,
    online: undefined,
    initialized: undefined,
    available: undefined,
    allocated: undefined,
    managed: undefined,
    running: undefined,
    capacity: undefined,
  };
}

/**
 * A CPU died. A tracepoint is silent on a CPU that has left cpu_online_mask, and that CPU itself moves its
 * interrupts away (arch/x86/kernel/irq.c fixup_irqs) and calls irq_matrix_offline: nobody saw which CPU it was, nor
 * what went where. Managed bits and reservations stay as they were.
 */
export function afterUnseenOffline(state: MatrixState): MatrixState {
  return {
    ...state,
    onlineMaps: undefined,
    globalAvailable: undefined,
    totalAllocated: undefined,
    settled: false,
    unknown: 'cpu-died-unseen',
    cpus: state.cpus.map((cpu) => cpu && stirredCpu(cpu)),
  };
}

function stirredCpu(cpu: CpuState): CpuState {
  if (cpu.initialized === false) return cpu;
  const cells = stirred(cpu.cells);
  return {
    ...cpu,
    cells,
    exact: isExact(cells),
    online: cpu.online === false ? false : undefined,
    available: undefined,
    allocated: undefined,
    running: undefined,
  };
}

/** What an event leaves: its totals, and the CPUs. Written out, for two spreads are the slowest part of a step. */
export function afterEvent(
  state: MatrixState,
  totals: Totals,
  cpus: MatrixState['cpus'],
  settled: boolean,
): MatrixState {
  return {
    sinceBoot: state.sinceBoot,
    onlineMaps: totals.onlineMaps,
    globalAvailable: totals.globalAvailable,
    globalReserved: totals.globalReserved,
    totalAllocated: totals.totalAllocated,
    capacity: state.capacity,
    blank: state.blank,
    cpus,
    settled,
    unknown: state.unknown,
  };
}

/** @returns a copy with one CPU changed. */
export function withCpu(state: MatrixState, number: number, cpu: CpuState): (CpuState | undefined)[] {
  const cpus = state.cpus.slice();
  while (cpus.length < number) cpus.push(undefined);
  cpus[number] = cpu;
  return cpus;
}
