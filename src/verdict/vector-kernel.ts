/** What a kernel's features say of its vector matrix; where the release does not decide, the trace may. */
import type { MatrixEvent } from '../evidence/ftrace/vectors.ts';
import type { KernelFeatures } from '../model/features.ts';
import { SYSTEM } from '../model/vector/cells.ts';
import type { Hints, MatrixState } from '../model/vector/types.ts';

export interface KernelHints {
  of(event: MatrixEvent, before: MatrixState): Pick<Hints, 'allocEnd' | 'managedTakesFirst'> | undefined;
}

/** FIRST_SYSTEM_VECTOR (arch/x86/include/asm/irq_vectors.h): LOCAL_TIMER_VECTOR, later the posted-MSI vector below it. */
const localTimer = 0xec;
const postedMsi = 0xeb;

export function hintsOfKernel({
  matrixSpreadsManaged,
  vectorPostedMsi,
}: Pick<KernelFeatures, 'matrixSpreadsManaged' | 'vectorPostedMsi'>): KernelHints {
  const managed =
    matrixSpreadsManaged === 'unknown' ? undefined : { managedTakesFirst: !matrixSpreadsManaged };
  return {
    of(event, before) {
      if (event.kind === 'alloc_managed') return managed;
      if (event.kind !== 'online' || before.capacity !== undefined) return undefined;
      // IRQ_MOVE_CLEANUP_VECTOR, 32, went away before the posted-MSI vector came (6.6, 6.10).
      if (vectorPostedMsi === false || before.blank[32] === SYSTEM) return { allocEnd: localTimer };
      return vectorPostedMsi === true ? { allocEnd: postedMsi } : undefined;
    },
  };
}
