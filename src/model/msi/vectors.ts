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
import type { Denial, Place, VectorDomain } from './domain.ts';

export interface VectorWish {
  /** Of managed and of plain vectors of a device that spreads. */
  affinity: VectorAffinity;
  /** NUMA node of its descriptor; absent: NUMA_NO_NODE. */
  node?: number;
}

/** One function's vectors, each with what it holds now. */
export class FunctionVectors {
  /** By vector; undefined: not requested. */
  readonly places: (Place | undefined)[] = [];
  readonly #domain: VectorDomain;
  readonly #wishes: readonly VectorWish[];

  private constructor(domain: VectorDomain, wishes: readonly VectorWish[]) {
    this.#domain = domain;
    this.#wishes = wishes;
  }

  /** Reserves for every vector in order; on a failure those before are given back. */
  static allocate(domain: VectorDomain, wishes: readonly VectorWish[]): FunctionVectors | Denial {
    const { matrix } = domain;
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
    return new FunctionVectors(domain, wishes);
  }

  /** request_irq of one vector. */
  request(vector: number): Denial | undefined {
    const { affinity, node } = this.#wishes[vector]!;
    const { matrix } = this.#domain;
    if (affinity.managed) {
      const online = affinity.cpus.filter((cpu) => matrix.online(cpu));
      // irq_startup: with no CPU of its mask online it stays shut down, and the request is granted.
      if (online.length === 0) return undefined;
      const taken = matrix.allocManaged(online);
      if ('errno' in taken) return { errno: taken.errno, why: `managed vector ${vector} found no vector` };
      this.places[vector] = taken;
      return undefined;
    }
    const taken = this.#domain.activate(affinity.cpus, node);
    if ('errno' in taken) return taken;
    this.places[vector] = taken;
    return undefined;
  }

  /** free_irq of those requested, the later ones first as vp_del_vqs does, then pci_free_irq_vectors. */
  free(order: readonly number[]): void {
    const { matrix } = this.#domain;
    for (const vector of order) {
      const place = this.places[vector];
      if (!place) continue;
      matrix.free(place.cpu, place.bit);
      // x86_vector_deactivate: back to a reservation.
      if (!this.#wishes[vector]!.affinity.managed) matrix.reserve();
      this.places[vector] = undefined;
    }
    teardown(matrix, this.#wishes);
  }
}

/** vector_free_reserved_and_managed of vectors that hold no place. */
function teardown(matrix: SimulatedMatrix, wishes: readonly VectorWish[]): void {
  for (const { affinity } of wishes) {
    if (affinity.managed) matrix.removeManaged(affinity.cpus);
    else matrix.removeReserved();
  }
}
