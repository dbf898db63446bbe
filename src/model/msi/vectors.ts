/**
 * The MSI-X vectors of one PCI function and what they hold of the vector matrix, from pci_alloc_irq_vectors_affinity
 * to pci_free_irq_vectors. Sources: drivers/pci/msi/ (__pci_enable_msix_range), kernel/irq/msi.c
 * (msi_domain_alloc_irqs), arch/x86/kernel/apic/vector.c (x86_vector_alloc_irqs, x86_vector_activate).
 *
 * A vector is *managed* when the spreading says so: it reserves a bit on every CPU of its mask at once. Any other is
 * in *reservation mode* (MSI-X entries can be masked, msi_check_reservation_mode): it is only counted, and takes its
 * bit when it is requested.
 */
import type { VectorAffinity } from '../spread/masks.ts';
import type { SimulatedMatrix } from '../vector/simulate.ts';

export interface VectorWish {
  /** Of managed and of plain vectors of a device that spreads. */
  affinity: VectorAffinity;
  /** NUMA node of its descriptor; absent: NUMA_NO_NODE. */
  node?: number;
}

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

export type Denial = { errno: number; why: string };

/** One function's vectors, each with what it holds now. */
export class FunctionVectors {
  /** By vector; undefined: not requested. */
  readonly places: (Place | undefined)[] = [];
  private readonly matrix: SimulatedMatrix;
  private readonly machine: DomainMachine;
  private readonly wishes: readonly VectorWish[];

  private constructor(matrix: SimulatedMatrix, machine: DomainMachine, wishes: readonly VectorWish[]) {
    this.matrix = matrix;
    this.machine = machine;
    this.wishes = wishes;
  }

  /** Reserves for every vector in order; on a failure those before are given back. */
  static allocate(
    matrix: SimulatedMatrix,
    machine: DomainMachine,
    wishes: readonly VectorWish[],
  ): FunctionVectors | Denial {
    for (const [index, { affinity }] of wishes.entries()) {
      if (!affinity.managed) {
        matrix.reserve();
        continue;
      }
      const full = matrix.reserveManaged(affinity.cpus);
      if (full === undefined) continue;
      teardown(matrix, wishes.slice(0, index));
      const total = affinity.cpus.length;
      return {
        errno: -28,
        why: `CPU ${full} has no free vector to reserve: managed vector ${index} needs one on ${total === 1 ? 'it' : `each of ${total} CPUs`}`,
      };
    }
    return new FunctionVectors(matrix, machine, wishes);
  }

  /** request_irq of one vector. */
  request(vector: number): Denial | undefined {
    const { affinity, node } = this.wishes[vector]!;
    if (affinity.managed) {
      const online = affinity.cpus.filter((cpu) => this.matrix.online(cpu));
      // irq_startup: with no CPU of its mask online it stays shut down, and the request is granted.
      if (online.length === 0) return undefined;
      const taken = this.matrix.allocManaged(online);
      if ('errno' in taken) return { errno: taken.errno, why: `managed vector ${vector} found no vector` };
      this.places[vector] = taken;
      return undefined;
    }
    const taken = activateReserved(this.matrix, this.machine, affinity.cpus, node);
    if ('errno' in taken) return taken;
    this.places[vector] = taken;
    return undefined;
  }

  /** free_irq of those requested, the later ones first as vp_del_vqs does, then pci_free_irq_vectors. */
  free(order: readonly number[]): void {
    for (const vector of order) {
      const place = this.places[vector];
      if (!place) continue;
      this.matrix.free(place.cpu, place.bit);
      // x86_vector_deactivate: back to a reservation.
      if (!this.wishes[vector]!.affinity.managed) this.matrix.reserve();
      this.places[vector] = undefined;
    }
    teardown(this.matrix, this.wishes);
  }
}

/** vector_free_reserved_and_managed of vectors that hold no place. */
function teardown(matrix: SimulatedMatrix, wishes: readonly VectorWish[]): void {
  for (const { affinity } of wishes) {
    if (affinity.managed) matrix.removeManaged(affinity.cpus);
    else matrix.removeReserved();
  }
}

/** activate_reserved → assign_irq_vector_any_locked: up to four masks, the first that has a bit. */
export function activateReserved(
  matrix: SimulatedMatrix,
  machine: DomainMachine,
  affinity: readonly number[],
  node: number | undefined,
): Place | Denial {
  let errno = -28;
  for (const mask of tries(machine, affinity, node)) {
    const taken = matrix.alloc(mask, true);
    if (!('errno' in taken)) return taken;
    errno = taken.errno;
  }
  return { errno, why: 'no CPU has a free vector' };
}

function tries(
  machine: DomainMachine,
  affinity: readonly number[],
  node: number | undefined,
): (readonly number[])[] {
  const wanted = affinity.filter((cpu) => machine.online.includes(cpu));
  const all = machine.online;
  if (node === undefined) return [wanted, all];
  const near = machine.nodes[node] ?? [];
  const both = near.filter((cpu) => affinity.includes(cpu));
  return machine.affinityBeforeNode ? [both, wanted, near, all] : [both, near, wanted, all];
}
