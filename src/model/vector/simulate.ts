/**
 * The vector matrix, doing: where matrix.ts says whether the kernel can have produced an event, this produces them.
 * One method a function of kernel/irq/matrix.c; what an operation does to the counters is `deltaOf`, as there.
 * Changed in place, because a prediction takes a hundred thousand steps.
 */
import { ALLOCATED, FREE, newCells, RESERVED, RUNNING, SYSTEM } from './cells.ts';
import { deltaOf } from './laws.ts';
import type { CpuSeed, MatrixSeed } from './seed.ts';
import type { CpuKind, Event } from './types.ts';

const ENOSPC = -28;
const EINVAL = -22;

export type Taken = { cpu: number; bit: number } | { errno: number };

interface Cpu {
  number: number;
  cells: Uint8Array;
  /** No bit below is free. */
  freeFrom: number;
  online: boolean;
  initialized: boolean;
  available: number;
  allocated: number;
  managed: number;
  running: number;
}

export interface SimulateOptions {
  /** Feature matrixSpreadsManaged. */
  spreadsManaged: boolean;
  /** Sees what the tracepoints would. */
  onEvent?: (event: Event) => void;
}

export class SimulatedMatrix {
  globalAvailable = 0;
  globalReserved: number;
  totalAllocated: number;
  /** How often the kernel warned "Interrupt reservation exceeds available resources". */
  exceeded = 0;
  private onlineMaps = 0;
  private readonly cpus: (Cpu | undefined)[] = [];
  private readonly seed: MatrixSeed;
  private readonly options: SimulateOptions;

  constructor(seed: MatrixSeed, options: SimulateOptions) {
    this.seed = seed;
    this.options = options;
    this.globalReserved = seed.globalReserved;
    this.totalAllocated = seed.totalAllocated;
    const blank = Uint8Array.from(newCells(true))
      .fill(SYSTEM, seed.allocEnd)
      .fill(SYSTEM, 0, seed.allocStart);
    for (const bit of seed.systemMap) blank[bit] = SYSTEM;
    for (const one of seed.cpus) {
      this.cpus[one.cpu] = cpuFrom(one, blank);
      if (!one.online) continue;
      this.onlineMaps += 1;
      this.globalAvailable += one.available;
    }
  }

  online(cpu: number): boolean {
    return this.cpus[cpu]?.online === true;
  }

  available(cpu: number): number {
    return this.cpus[cpu]?.available ?? 0;
  }

  /** irq_matrix_reserve */
  reserve(): void {
    // On equality only: once a crossing. Older kernels write it with two comparisons, to the same effect.
    if (this.globalReserved === this.globalAvailable) this.exceeded += 1;
    this.globalReserved += 1;
    this.tellTotals('reserve');
  }

  /** irq_matrix_remove_reserved */
  removeReserved(): void {
    this.globalReserved -= 1;
    this.tellTotals('remove_reserved');
  }

  /** irq_matrix_reserve_managed. @returns the CPU without a free bit, on which it failed, all being undone. */
  reserveManaged(mask: readonly number[]): number | undefined {
    for (const [index, number] of mask.entries()) {
      const cpu = this.cpus[number];
      const bit = cpu ? this.lowestFree(cpu) : -1;
      if (!cpu || bit < 0) {
        this.removeManaged(mask.slice(0, index));
        return number;
      }
      cpu.cells[bit] = RESERVED;
      this.count('reserve_managed', cpu, bit);
    }
    return undefined;
  }

  /** irq_matrix_remove_managed: of each CPU the lowest bit that does not run, whoever reserved it. */
  removeManaged(mask: readonly number[]): void {
    for (const number of mask) {
      const cpu = this.cpus[number];
      const bit = cpu ? cpu.cells.indexOf(RESERVED) : -1;
      if (!cpu || bit < 0) continue;
      this.release(cpu, bit, FREE);
      this.count('remove_managed', cpu, bit);
    }
  }

  /** irq_matrix_alloc_managed */
  allocManaged(mask: readonly number[]): Taken {
    if (mask.length === 0) return { errno: EINVAL };
    const cpu = this.bestManaged(mask);
    const bit = cpu ? cpu.cells.indexOf(RESERVED) : -1;
    if (!cpu || bit < 0) return { errno: ENOSPC };
    cpu.cells[bit] = RUNNING;
    this.count('alloc_managed', cpu, bit);
    return { cpu: cpu.number, bit };
  }

  /** irq_matrix_alloc. @param reserved it uses up a reservation */
  alloc(mask: readonly number[], reserved: boolean): Taken {
    if (mask.length === 0) return { errno: EINVAL };
    const cpu = this.best(mask);
    const bit = cpu ? this.lowestFree(cpu) : -1;
    if (!cpu || bit < 0) return { errno: ENOSPC };
    cpu.cells[bit] = ALLOCATED;
    if (reserved) this.globalReserved -= 1;
    this.count('alloc', cpu, bit);
    return { cpu: cpu.number, bit };
  }

  /** irq_matrix_free */
  free(number: number, bit: number): void {
    const cpu = this.cpus[number];
    const cell = cpu?.cells[bit];
    if (!cpu || (cell !== ALLOCATED && cell !== RUNNING)) return;
    this.release(cpu, bit, cell === RUNNING ? RESERVED : FREE);
    this.count('free', cpu, bit, cell === RUNNING);
  }

  /** The state now, to go on from. */
  snapshot(): MatrixSeed {
    const bits = (cpu: Cpu, states: number) =>
      [...cpu.cells.keys()].filter((bit) => (cpu.cells[bit]! & states) !== 0);
    const cpus = this.cpus.flatMap((cpu): CpuSeed[] => {
      if (!cpu) return [];
      const { number, online, initialized, available } = cpu;
      const allocMap = bits(cpu, ALLOCATED | RUNNING);
      return [
        {
          cpu: number,
          online,
          initialized,
          available,
          allocMap,
          managedMap: bits(cpu, RESERVED | RUNNING),
        },
      ];
    });
    const { globalReserved, totalAllocated } = this;
    return { ...this.seed, globalReserved, totalAllocated, cpus };
  }

  /** matrix_alloc_area for one bit. */
  private lowestFree(cpu: Cpu): number {
    const bit = cpu.cells.indexOf(FREE, cpu.freeFrom);
    cpu.freeFrom = bit < 0 ? cpu.cells.length : bit;
    return bit;
  }

  private release(cpu: Cpu, bit: number, to: number): void {
    cpu.cells[bit] = to;
    if (to === FREE && bit < cpu.freeFrom) cpu.freeFrom = bit;
  }

  /** matrix_find_best_cpu: most available, the first of equals, never one with none. */
  private best(mask: readonly number[]): Cpu | undefined {
    let best: Cpu | undefined;
    let most = 0;
    for (const number of mask) {
      const cpu = this.cpus[number];
      if (!cpu?.online || cpu.available <= most) continue;
      best = cpu;
      most = cpu.available;
    }
    return best;
  }

  /** matrix_find_best_cpu_managed: fewest that run, the last of equals. Before: the first online CPU of the mask. */
  private bestManaged(mask: readonly number[]): Cpu | undefined {
    let best: Cpu | undefined;
    for (const number of mask) {
      const cpu = this.cpus[number];
      if (!cpu?.online) continue;
      if (!this.options.spreadsManaged) return cpu;
      if (!best || cpu.running <= best.running) best = cpu;
    }
    return best;
  }

  private count(kind: CpuKind, cpu: Cpu, bit: number, running = false): void {
    const delta = deltaOf(kind, cpu.online, running);
    cpu.available += delta.available;
    cpu.allocated += delta.allocated;
    cpu.managed += delta.managed;
    cpu.running += delta.running;
    this.globalAvailable += delta.globalAvailable;
    this.totalAllocated += delta.totalAllocated;
    const { onEvent } = this.options;
    if (!onEvent) return;
    const { number, online, available, allocated, managed } = cpu;
    const executing = undefined;
    onEvent({
      kind,
      executing,
      bit,
      cpu: number,
      online,
      available,
      allocated,
      managed,
      ...this.totals(),
    });
  }

  private tellTotals(kind: 'reserve' | 'remove_reserved'): void {
    this.options.onEvent?.({ kind, executing: undefined, ...this.totals() });
  }

  private totals() {
    const { onlineMaps, globalAvailable, globalReserved, totalAllocated } = this;
    return { onlineMaps, globalAvailable, globalReserved, totalAllocated };
  }
}

function cpuFrom(seed: CpuSeed, blank: Uint8Array): Cpu {
  const cells = blank.slice();
  for (const bit of seed.managedMap) cells[bit] = RESERVED;
  for (const bit of seed.allocMap) cells[bit] = cells[bit] === RESERVED ? RUNNING : ALLOCATED;
  const running = seed.allocMap.filter((bit) => cells[bit] === RUNNING).length;
  const { cpu: number, online, initialized, available } = seed;
  const allocated = seed.allocMap.length;
  const managed = seed.managedMap.length;
  return {
    number,
    cells,
    freeFrom: 0,
    online,
    initialized,
    available,
    allocated,
    managed,
    running,
  };
}
