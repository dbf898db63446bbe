/**
 * The account of every slot at one moment, as a debugger's `p *vector_matrix` begins it: what the matrix counts, and
 * what each CPU's bits are used for. A slot is one bit of one CPU that could be given to a device.
 */
import type { CpuMapSnapshot, MatrixSnapshot } from '../../evidence/matrix-snapshot.ts';
import type { CpuState, MatrixState } from '../../model/vector/types.ts';

/** What slots are used for; the sum is what the CPUs have. */
export interface SlotUse {
  /** Reserved for a managed interrupt that runs elsewhere, or not at all: taken, and never to fire here. */
  managedIdle: number;
  /** A managed interrupt's vector. */
  managedRunning: number;
  /** Any other interrupt's vector. */
  ordinary: number;
  free: number;
}

export interface CpuSlots extends SlotUse {
  cpu: number;
  online: boolean;
}

export interface MatrixAccount {
  /** The matrix's own fields. */
  onlineMaps: number;
  globalAvailable: number;
  globalReserved: number;
  totalAllocated: number;
  /** `alloc_size − systembits_inalloc`: slots that a CPU has. */
  slotsPerCpu: number;
  total: SlotUse;
  cpus: CpuSlots[];
  /** `trace`: followed event by event since boot. `memory`: read from the machine's memory. */
  source: 'trace' | 'memory';
}

/** @returns undefined where something of the state is not known. */
export function accountOfTrace(state: MatrixState): MatrixAccount | undefined {
  const { onlineMaps, globalAvailable, globalReserved, totalAllocated, capacity } = state;
  const cpus = state.cpus.flatMap((cpu, number) => (cpu ? [slotsOfState(number, cpu)] : []));
  if (onlineMaps === undefined || globalAvailable === undefined || globalReserved === undefined)
    return undefined;
  if (totalAllocated === undefined || capacity === undefined || cpus.includes(undefined)) return undefined;
  return account({ onlineMaps, globalAvailable, globalReserved, totalAllocated }, capacity, cpus, 'trace');
}

export function accountOfMemory(snapshot: MatrixSnapshot): MatrixAccount {
  const { onlineMaps, globalAvailable, globalReserved, totalAllocated } = snapshot;
  const totals = { onlineMaps, globalAvailable, globalReserved, totalAllocated };
  const capacity = snapshot.allocSize - snapshot.systembitsInAlloc;
  return account(totals, capacity, snapshot.cpus.map(slotsOfMap), 'memory');
}

type Totals = Pick<MatrixAccount, 'onlineMaps' | 'globalAvailable' | 'globalReserved' | 'totalAllocated'>;

function account(
  totals: Totals,
  slotsPerCpu: number,
  found: readonly (CpuSlots | undefined)[],
  source: MatrixAccount['source'],
): MatrixAccount {
  const cpus = found.filter((cpu) => cpu !== undefined);
  return { ...totals, slotsPerCpu, total: sum(cpus), cpus, source };
}

function sum(cpus: readonly CpuSlots[]): SlotUse {
  const total: SlotUse = { managedIdle: 0, managedRunning: 0, ordinary: 0, free: 0 };
  for (const cpu of cpus) {
    total.managedIdle += cpu.managedIdle;
    total.managedRunning += cpu.managedRunning;
    total.ordinary += cpu.ordinary;
    // A CPU that is not online has nothing to give.
    if (cpu.online) total.free += cpu.free;
  }
  return total;
}

function slotsOfState(cpu: number, state: CpuState): CpuSlots | undefined {
  const { online, available, allocated, managed, running } = state;
  if (online === undefined || available === undefined || allocated === undefined) return undefined;
  if (managed === undefined || running === undefined) return undefined;
  return slots({ cpu, online, available, allocated, managed, managedAllocated: running });
}

function slotsOfMap(map: CpuMapSnapshot): CpuSlots {
  return slots(map);
}

function slots(
  map: Pick<CpuMapSnapshot, 'cpu' | 'online' | 'available' | 'allocated' | 'managed' | 'managedAllocated'>,
): CpuSlots {
  return {
    cpu: map.cpu,
    online: map.online,
    managedIdle: map.managed - map.managedAllocated,
    managedRunning: map.managedAllocated,
    ordinary: map.allocated - map.managedAllocated,
    free: map.available,
  };
}

/** Where two accounts of one moment differ, in words; empty when they agree. */
export function disagreements(a: MatrixAccount, b: MatrixAccount): string[] {
  const keys = [
    'onlineMaps',
    'globalAvailable',
    'globalReserved',
    'totalAllocated',
    'slotsPerCpu',
  ] as const satisfies (keyof MatrixAccount)[];
  const uses = ['managedIdle', 'managedRunning', 'ordinary', 'free'] as const satisfies (keyof SlotUse)[];
  return [
    ...keys.flatMap((key) =>
      a[key] === b[key] ? [] : [`${key} ${a[key]} (${a.source}), ${b[key]} (${b.source})`],
    ),
    ...a.cpus.flatMap((cpu) => {
      const other = b.cpus.find((one) => one.cpu === cpu.cpu);
      if (!other) return [`CPU ${cpu.cpu}: only by ${a.source}`];
      return uses.flatMap((use) =>
        cpu[use] === other[use]
          ? []
          : [`CPU ${cpu.cpu} ${use} ${cpu[use]} (${a.source}), ${other[use]} (${b.source})`],
      );
    }),
  ];
}
