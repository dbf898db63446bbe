/** The vector matrix at one moment, to simulate from. Source: kernel/irq/matrix.c struct irq_matrix, struct cpumap. */

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
export function freshMatrix(machine: FreshMachine): MatrixSeed {
  const allocStart = 32;
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
