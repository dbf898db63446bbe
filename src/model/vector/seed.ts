/** The vector matrix at one moment, to simulate from. Source: kernel/irq/matrix.c struct irq_matrix, struct cpumap. */

import { ALLOCATED, allocStart, RESERVED, RUNNING, SYSTEM } from './cells.ts';
import { cpuOf } from './state.ts';
import type { MatrixState } from './types.ts';

export interface CpuSeed {
  cpu: number;
  online: boolean;
  /** It was online once. */
  initialized: boolean;
  /** `avl`: the kernel keeps it while a CPU is offline, so it is given and not derived. */
  available: number;
  /** Bits of alloc_map, those of managed interrupts that run included. */
  allocMap: readonly number[];
  /** Bits of managed_map. */
  managedMap: readonly number[];
}

/** A snapshot of a real matrix has these fields. */
export interface MatrixSeed {
  allocStart: number;
  /** First vector that is not handed out. */
  allocEnd: number;
  /** Bits of system_map. */
  systemMap: readonly number[];
  globalReserved: number;
  totalAllocated: number;
  /** Every possible CPU. */
  cpus: readonly CpuSeed[];
}

export interface FreshMachine {
  /** Vector 32 belongs to the clean-up of moved vectors (feature vectorCleanupByTimer absent). */
  cleanupVector: boolean;
  /** Vector 235 belongs to posted MSIs. */
  postedMsi: boolean;
  possible: readonly number[];
  online: readonly number[];
}

/** Bit of irq 0: ISA_IRQ_VECTOR(0), `((FIRST_EXTERNAL_VECTOR + 16) & ~15)`. */
const timerBit = 48;
/** System bits in the range of devices: the PIC's cascade (ISA_IRQ_VECTOR(2)) and INT 0x80. */
const cascadeBit = 50;
const syscallBit = 128;

/** The matrix of a machine that runs nothing but its timer: the state after the IO-APIC took the PIC's lines over. */
export function freshSeed(machine: FreshMachine): MatrixSeed {
  // LOCAL_TIMER_VECTOR is 236, POSTED_MSI_NOTIFICATION_VECTOR 235 (irq_vectors.h).
  const allocEnd = machine.postedMsi ? 235 : 236;
  const systemMap = [...(machine.cleanupVector ? [32] : []), cascadeBit, syscallBit];
  const size = allocEnd - allocStart - systemMap.length;
  const online = new Set(machine.online);
  const cpus = machine.possible.map((cpu): CpuSeed => {
    const allocMap = cpu === 0 ? [timerBit] : [];
    const on = online.has(cpu);
    return {
      cpu,
      online: on,
      initialized: on,
      available: on ? size - allocMap.length : 0,
      allocMap,
      managedMap: [],
    };
  });
  return { allocStart, allocEnd, systemMap, globalReserved: 0, totalAllocated: 1, cpus };
}

/**
 * From what a trace told. @param possible CPUs that may be: those that no event was about are in it too
 * @returns undefined when something of it is not known, as in a trace that begins in the middle
 */
export function seedFrom(state: MatrixState, possible: readonly number[]): MatrixSeed | undefined {
  const { globalReserved, totalAllocated } = state;
  if (globalReserved === undefined || totalAllocated === undefined) return undefined;
  const cpus: CpuSeed[] = [];
  for (const cpu of possible) {
    const { cells, exact, online, initialized, available } = cpuOf(state, cpu);
    if (!exact || online === undefined || initialized === undefined || available === undefined)
      return undefined;
    const bits = (set: number) => [...cells.keys()].filter((bit) => (cells[bit]! & set) !== 0);
    const allocMap = bits(ALLOCATED | RUNNING);
    cpus.push({ cpu, online, initialized, available, allocMap, managedMap: bits(RESERVED | RUNNING) });
  }
  const { blank } = state;
  const allocEnd = blank.findLastIndex((cell) => cell !== SYSTEM) + 1;
  const systemMap = [...blank.keys()].filter(
    (bit) => bit >= allocStart && bit < allocEnd && blank[bit] === SYSTEM,
  );
  return { allocStart, allocEnd, systemMap, globalReserved, totalAllocated, cpus };
}
