/**
 * `crash> p *vector_matrix` and gdb's print of the same: the totals of `struct irq_matrix` (kernel/irq/matrix.c).
 * Customers annotate such prints, so what follows a number is nobody's business.
 */

export interface MatrixPrint {
  kind: 'matrix-print';
  allocSize: number;
  globalAvailable: number;
  globalReserved?: number;
  systembitsInAlloc?: number;
  totalAllocated?: number;
  onlineMaps?: number;
}

const field = /\b([a-z_]{4,24}) = (\d{1,10})/g;

/** @param lines of the print, from `matrix_bits` on. @returns undefined without the fields that matter */
export function parseMatrixPrint(lines: readonly string[]): MatrixPrint | undefined {
  const found = new Map<string, number>();
  for (const line of lines)
    for (const [, name, value] of line.slice(0, 400).matchAll(field)) found.set(name!, Number(value));
  const allocSize = found.get('alloc_size');
  const globalAvailable = found.get('global_available');
  if (allocSize === undefined || globalAvailable === undefined) return undefined;
  const print: MatrixPrint = { kind: 'matrix-print', allocSize, globalAvailable };
  const add = (
    key: 'globalReserved' | 'systembitsInAlloc' | 'totalAllocated' | 'onlineMaps',
    name: string,
  ) => {
    const value = found.get(name);
    if (value !== undefined) print[key] = value;
  };
  add('globalReserved', 'global_reserved');
  add('systembitsInAlloc', 'systembits_inalloc');
  add('totalAllocated', 'total_allocated');
  add('onlineMaps', 'online_maps');
  return print;
}
