/**
 * An operation of a dying CPU: no tracepoint printed it, a probe on the function's entry told it. What it chose is
 * what the model says. Source: kernel/irq/matrix.c; arch/x86/kernel/irq.c fixup_irqs.
 */
import { changeBit } from './bits.ts';
import { FREE, lowest, matrixBits, RESERVED } from './cells.ts';
import { bestOf } from './choice.ts';
import type { CpuSet } from './cpuset.ts';
import { deltaOf } from './laws.ts';
import { afterUnseenOffline, cpuOf, withCpu } from './state.ts';
import type { CpuKind, Departure, MatrixState } from './types.ts';

export type Unprinted =
  | { call: 'alloc'; mask: CpuSet; reserved: boolean }
  | { call: 'alloc_managed'; mask: CpuSet }
  | { call: 'free'; cpu: number; bit: number; managed: boolean }
  /** Of the CPU's own map. */
  | { call: 'offline'; cpu: number };

export interface Outcome {
  state: MatrixState;
  departures: readonly Departure[];
  /** Of an allocation: what it gave; 'none': it failed; undefined: not known. */
  taken?: { cpu: number; bit: number } | 'none' | undefined;
}

export function unprinted(state: MatrixState, operation: Unprinted): Outcome {
  switch (operation.call) {
    case 'offline':
      return offline(state, operation.cpu);
    case 'free':
      return change(state, 'free', operation.cpu, operation.bit, operation.managed, 0);
    case 'alloc':
      return take(state, 'alloc', operation.mask, operation.reserved ? -1 : 0);
    case 'alloc_managed':
      return take(state, 'alloc_managed', operation.mask, 0);
  }
}

function take(state: MatrixState, kind: 'alloc' | 'alloc_managed', mask: CpuSet, reserved: number): Outcome {
  const cpu = bestOf(state, mask, kind === 'alloc_managed');
  if (cpu === 'none') return { state, departures: [], taken: 'none' };
  if (cpu === undefined) return { state: afterUnseenOffline(state), departures: [], taken: undefined };
  const wanted = kind === 'alloc' ? FREE : RESERVED;
  const { certain, possible } = lowest(cpuOf(state, cpu).cells, wanted);
  if (certain !== possible) return { state: afterUnseenOffline(state), departures: [], taken: undefined };
  if (certain === matrixBits) return { state, departures: [], taken: 'none' };
  const done = change(state, kind, cpu, certain, kind === 'alloc_managed', reserved);
  return { ...done, taken: { cpu, bit: certain } };
}

function plus(value: number | undefined, change: number): number | undefined {
  return value === undefined ? undefined : value + change;
}

function change(
  state: MatrixState,
  kind: CpuKind,
  number: number,
  bit: number,
  isManaged: boolean,
  reserved: number,
): Outcome {
  const before = cpuOf(state, number);
  if (bit >= matrixBits || number > 8191) return { state: afterUnseenOffline(state), departures: [] };
  const changed = changeBit(before.cells, kind, bit, isManaged);
  if (changed.departure) return { state, departures: [changed.departure] };
  const online = before.online;
  const delta = deltaOf(kind, online === true, isManaged);
  const cpu = {
    ...before,
    cells: changed.cells,
    available: plus(before.available, delta.available),
    allocated: plus(before.allocated, delta.allocated),
    running: plus(before.running, delta.running),
  };
  const after: MatrixState = {
    ...state,
    globalAvailable: online === undefined ? undefined : plus(state.globalAvailable, delta.globalAvailable),
    totalAllocated: online === undefined ? undefined : plus(state.totalAllocated, delta.totalAllocated),
    globalReserved: plus(state.globalReserved, reserved),
    cpus: withCpu(state, number, cpu),
  };
  return { state: after, departures: [] };
}

function offline(state: MatrixState, number: number): Outcome {
  const cpu = cpuOf(state, number);
  const after: MatrixState = {
    ...state,
    onlineMaps: plus(state.onlineMaps, -1),
    globalAvailable: cpu.available === undefined ? undefined : plus(state.globalAvailable, -cpu.available),
    cpus: withCpu(state, number, { ...cpu, online: false, initialized: true }),
  };
  return { state: after, departures: [] };
}
