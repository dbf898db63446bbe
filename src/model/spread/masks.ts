/**
 * Which vectors of a device are managed, and where. Source: kernel/irq/affinity.c irq_calc_affinity_vectors,
 * irq_create_affinity_masks, read in 4.18 to 7.2.
 */
import { type SpreadBehaviour, spreadCpus, type Topology } from './spread.ts';

/** `struct irq_affinity` of a driver with one set. */
export interface Affinity {
  /** Vectors in front that are not spread, as that for configuration changes. */
  pre: number;
  post: number;
}

export interface VectorAffinity {
  cpus: readonly number[];
  managed: boolean;
}

/** How many of `max` vectors make sense; less than `min` means that the device cannot have them (−ENOSPC). */
export function affinityVectors(min: number, max: number, affinity: Affinity, possible: number): number {
  const kept = affinity.pre + affinity.post;
  if (kept > min) return 0;
  return kept + Math.min(possible, max - kept);
}

/** @returns one entry a vector; undefined: nothing is spread, and no vector is managed. */
export function affinityMasks(
  vectors: number,
  affinity: Affinity,
  topology: Topology,
  /** irq_default_affinity */
  defaults: readonly number[],
  behaviour: SpreadBehaviour,
): VectorAffinity[] | undefined {
  const spread = vectors - affinity.pre - affinity.post;
  if (spread <= 0) return undefined;
  const plain = { cpus: defaults, managed: false };
  const groups = spreadCpus(spread, topology, behaviour);
  return [
    ...Array<VectorAffinity>(affinity.pre).fill(plain),
    ...groups.map((cpus) => ({ cpus, managed: true })),
    ...Array<VectorAffinity>(affinity.post).fill(plain),
  ];
}
