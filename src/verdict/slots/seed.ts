/** The matrix of a moment as a simulation begins from it. */
import { ALLOCATED, allocStart, matrixBits, RESERVED, RUNNING, SYSTEM } from '../../model/vector/cells.ts';
import type { MatrixSeed } from '../../model/vector/seed.ts';
import type { CpuState, MatrixState } from '../../model/vector/types.ts';

/** @returns undefined where something of the state is not known. */
export function seedOfTrace(state: MatrixState): MatrixSeed | undefined {
  const { globalReserved, totalAllocated, blank } = state;
  if (!state.sinceBoot || globalReserved === undefined || totalAllocated === undefined) return undefined;
  const cpus = state.cpus.map((cpu, number) => cpu && cpuSeed(number, cpu));
  if (cpus.length === 0 || cpus.some((cpu) => cpu === undefined)) return undefined;
  return {
    allocStart,
    // What the kernel never hands out is among the system bits here, also behind its own alloc_end.
    allocEnd: matrixBits,
    systemMap: bitsIn(blank, SYSTEM),
    globalReserved,
    totalAllocated,
    cpus: cpus.filter((cpu) => cpu !== undefined),
  };
}

function cpuSeed(cpu: number, state: CpuState): MatrixSeed['cpus'][number] | undefined {
  const { cells, exact, online, initialized, available } = state;
  if (!exact || online === undefined || initialized === undefined || available === undefined)
    return undefined;
  const allocMap = bitsIn(cells, ALLOCATED | RUNNING);
  return { cpu, online, initialized, available, allocMap, managedMap: bitsIn(cells, RESERVED | RUNNING) };
}

function bitsIn(cells: Readonly<Uint8Array>, states: number): number[] {
  return [...cells].flatMap((cell, bit) => (bit >= allocStart && (cell & states) !== 0 ? [bit] : []));
}
