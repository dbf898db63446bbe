/**
 * The x86 vector domain as it hands out vectors of interrupts in reservation mode. Source:
 * arch/x86/kernel/apic/vector.c activate_reserved, assign_irq_vector_any_locked.
 */
import type { SimulatedMatrix } from '../vector/simulate.ts';

export interface DomainMachine {
  online: readonly number[];
  nodes: readonly (readonly number[])[];
  /** Feature vectorAffinityBeforeNode. */
  affinityBeforeNode: boolean;
}

export interface Place {
  cpu: number;
  bit: number;
}

export interface Denial {
  errno: number;
  /** In words. */
  why: string;
}

type Masks = readonly (readonly number[])[];

export class VectorDomain {
  readonly matrix: SimulatedMatrix;
  readonly #machine: DomainMachine;
  /** By affinity mask and node: hundreds of irqs have the same. */
  readonly #tries = new Map<readonly number[], Map<number | undefined, Masks>>();

  constructor(matrix: SimulatedMatrix, machine: DomainMachine) {
    this.matrix = matrix;
    this.#machine = machine;
  }

  /** Up to four masks, of which the first that has a bit gives it. @param node absent: NUMA_NO_NODE */
  activate(affinity: readonly number[], node: number | undefined): Place | Denial {
    let errno = -28;
    for (const mask of this.#masks(affinity, node)) {
      const taken = this.matrix.alloc(mask, true);
      if (!('errno' in taken)) return taken;
      errno = taken.errno;
    }
    return { errno, why: 'no CPU has a free vector' };
  }

  #masks(affinity: readonly number[], node: number | undefined): Masks {
    const known = this.#tries.get(affinity)?.get(node);
    if (known) return known;
    const masks = this.#compute(affinity, node);
    const ofMask = this.#tries.get(affinity) ?? new Map<number | undefined, Masks>();
    this.#tries.set(affinity, ofMask.set(node, masks));
    return masks;
  }

  #compute(affinity: readonly number[], node: number | undefined): Masks {
    const { online: all, nodes, affinityBeforeNode } = this.#machine;
    const wanted = affinity.filter((cpu) => all.includes(cpu));
    if (node === undefined) return [wanted, all];
    const near = nodes[node] ?? [];
    const both = near.filter((cpu) => affinity.includes(cpu));
    return affinityBeforeNode ? [both, wanted, near, all] : [both, near, wanted, all];
  }
}
