/**
 * What one bit of one CPU's maps may be: a set of the five states below. From a trace since boot every set has one
 * member; from a trace that begins in the middle a set begins whole and shrinks with what the kernel is seen to do.
 * Source: kernel/irq/matrix.c struct cpumap (alloc_map, managed_map) and struct irq_matrix (system_map).
 */

/** In no map. */
export const FREE = 1;
/** In alloc_map alone: an interrupt that is not managed. */
export const ALLOCATED = 2;
/** In managed_map alone: a managed interrupt that is not running. */
export const RESERVED = 4;
/** In both: a managed interrupt that runs. */
export const RUNNING = 8;
/** In system_map, or at or past `alloc_end`: never given to a device. */
export const SYSTEM = 16;

const ANY = FREE | ALLOCATED | RESERVED | RUNNING | SYSTEM;

/** `matrix_bits`: NR_VECTORS on x86. */
export const matrixBits = 256;
/** `alloc_start`: FIRST_EXTERNAL_VECTOR, below which are the exceptions (irq_vectors.h). */
export const allocStart = 32;

/** One set a bit; never changed once made. */
export type Cells = readonly number[];

/** A map of which nothing is known, or one that holds nothing. */
export function newCells(known: boolean): number[] {
  const cells = Array.from({ length: matrixBits }, () => (known ? FREE : ANY));
  cells.fill(SYSTEM, 0, allocStart);
  return cells;
}

export function withCell(cells: Cells, bit: number, to: number): number[] {
  const next = cells.slice();
  next[bit] = to;
  return next;
}

/**
 * The lowest bit for certain in state `wanted`, and the lowest that may be. They are equal where the map is known;
 * `matrixBits` means none.
 */
export function lowest(cells: Cells, wanted: number): { certain: number; possible: number } {
  let possible = matrixBits;
  for (let bit = allocStart; bit < matrixBits; bit += 1) {
    const cell = cells[bit]!;
    if ((cell & wanted) === 0) continue;
    if (possible === matrixBits) possible = bit;
    if (cell === wanted) return { certain: bit, possible };
  }
  return { certain: matrixBits, possible };
}

/** The kernel took `bit` as the lowest in state `wanted`: those below were not in it. The bit is now in `to`. */
export function takeLowest(cells: Cells, bit: number, wanted: number, to: number): number[] {
  const next = cells.slice();
  for (let below = allocStart; below < bit; below += 1) next[below] = next[below]! & ~wanted;
  next[bit] = to;
  return next;
}

/**
 * What may have become of a map while a CPU died unseen: unmanaged interrupts come and go, managed ones start and
 * stop, but nothing becomes managed, or a system bit (kernel/irq/cpuhotplug.c irq_migrate_all_off_this_cpu).
 */
export function stirred(cells: Cells): number[] {
  return cells.map((cell) => {
    let set = cell;
    if (cell & (FREE | ALLOCATED)) set |= FREE | ALLOCATED;
    if (cell & (RESERVED | RUNNING)) set |= RESERVED | RUNNING;
    return set;
  });
}

/** How many bits are for certain in `state`, and how many may be. */
function count(cells: Cells, state: number): { certain: number; possible: number } {
  let certain = 0;
  let possible = 0;
  for (let bit = allocStart; bit < matrixBits; bit += 1) {
    if (cells[bit]! & state) possible += 1;
    if (cells[bit] === state) certain += 1;
  }
  return { certain, possible };
}

/**
 * Narrows a map by the number of bits that are in `state`: when all of them are known, no other bit is one.
 * @returns undefined when no map can have that many.
 */
export function narrowed(cells: Cells, state: number, held: number): Cells | undefined {
  const { certain, possible } = count(cells, state);
  if (held < certain || held > possible) return undefined;
  if (certain === possible) return cells;
  if (held === certain) return cells.map((cell) => (cell === state ? cell : cell & ~state));
  if (held === possible) return cells.map((cell) => (cell & state ? state : cell));
  return cells;
}

export function isExact(cells: Cells): boolean {
  return cells.every((cell) => (cell & (cell - 1)) === 0);
}
