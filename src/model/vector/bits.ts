/** Which bit an operation takes or gives back. Source: kernel/irq/matrix.c matrix_alloc_area and its callers. */
import {
  ALLOCATED,
  type Cells,
  FREE,
  lowest,
  matrixBits,
  RESERVED,
  RUNNING,
  SYSTEM,
  takeLowest,
  withCell,
} from './cells.ts';
import type { CpuKind, Departure } from './types.ts';

/** The state that a bit is taken from, the lowest first, and the one it is in then. */
const takes: Partial<Record<CpuKind, { from: number; to: number; what: string }>> = {
  reserve_managed: { from: FREE, to: RESERVED, what: 'free' },
  remove_managed: { from: RESERVED, to: FREE, what: 'reserved and not in use' },
  alloc_managed: { from: RESERVED, to: RUNNING, what: 'reserved and not in use' },
  alloc: { from: FREE, to: ALLOCATED, what: 'free' },
};

export interface BitChange {
  cells: Cells;
  departure?: Departure;
  /** The bit had one allowed value; undefined where the kernel chooses nothing. */
  determined?: boolean;
}

/** @param running of `free`: it was a managed interrupt; undefined: not known. */
export function changeBit(cells: Cells, kind: CpuKind, bit: number, running: boolean | undefined): BitChange {
  if (kind === 'free') return give(cells, bit, running);
  const take = takes[kind];
  if (!take) return assign(cells, bit);
  const { certain, possible } = lowest(cells, take.from);
  const determined = certain === possible;
  if (bit <= certain && (cells[bit]! & take.from) !== 0)
    return { cells: takeLowest(cells, bit, take.from, take.to), determined };
  const held = (cells[bit]! & take.from) === 0;
  const rule = take.from === RESERVED && held ? 'MX7' : held ? 'MX6' : 'MX8';
  return { cells, departure: { rule, field: 'bit', got: bit, allowed: range(possible, certain, take.what) } };
}

function range(possible: number, certain: number, what: string): string {
  if (possible === matrixBits) return `none: no bit of that CPU is ${what}`;
  if (possible === certain) return `${possible}, the lowest that is ${what}`;
  const to = certain === matrixBits ? 'up' : `${certain}`;
  return `${possible} to ${to}, the lowest that is ${what}`;
}

/** The caller names the bit: those of the interrupt controller of the PC, from 48 up (lapic_assign_system_vectors). */
function assign(cells: Cells, bit: number): BitChange {
  if (cells[bit]! & FREE) return { cells: withCell(cells, bit, ALLOCATED) };
  return { cells, departure: { rule: 'MX6', field: 'bit', got: bit, allowed: 'a free bit; it is held' } };
}

function give(cells: Cells, bit: number, running: boolean | undefined): BitChange {
  if (running === undefined) return { cells: withCell(cells, bit, FREE | RESERVED) };
  const from = running ? RUNNING : ALLOCATED;
  if (cells[bit]! & from) return { cells: withCell(cells, bit, running ? RESERVED : FREE) };
  const allowed = `a bit that is ${running ? 'managed and running' : 'allocated'}; it is ${stateName(cells[bit]!)}`;
  return { cells, departure: { rule: 'MX6', field: 'bit', got: bit, allowed } };
}

function stateName(cell: number): string {
  if (cell === FREE) return 'free';
  if (cell === RESERVED) return 'reserved, not running';
  if (cell === SYSTEM) return 'a system vector';
  return cell === RUNNING ? 'managed and running' : 'allocated';
}
