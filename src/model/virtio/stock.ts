/**
 * A PC's vector matrix before its disks, where nobody has read it: what a stock machine has in use, each vector where
 * the kernel would have put it, in the order of its boot.
 */
import { VectorDomain } from '../msi/domain.ts';
import { type FreshMachine, freshSeed, type MatrixSeed } from '../vector/seed.ts';
import { SimulatedMatrix } from '../vector/simulate.ts';

export interface StockMachine extends FreshMachine {
  nodes: readonly (readonly number[])[];
  /** Vectors of PCI bridges and ports (shpchp, pciehp, AER, PME): one each. */
  ports: number;
  /** Ordinary MSI and MSI-X vectors of functions: NICs, controllers. */
  functions: number;
}

/** ISA devices besides the timer: acpi comes before the PCI buses, i8042 twice, rtc0 and a serial console after. */
const early = 1;
const late = 4;
/** Lines that are set up and have no handler: of 14 ISA ones (no timer, no cascade), and four of PCI. */
const idle = 14 - early - late + 4;

export function stockSeed(machine: StockMachine): MatrixSeed {
  const matrix = new SimulatedMatrix(freshSeed(machine), { spreadsManaged: true });
  const domain = new VectorDomain(matrix, { ...machine, affinityBeforeNode: true });
  const take = (count: number, node: number | undefined) => {
    for (let i = 0; i < count; i += 1) {
      matrix.reserve();
      domain.activate(machine.possible, node);
    }
  };
  // Descriptors of ISA lines are on the boot CPU's node (early_irq_init), those of functions without proximity on none.
  take(early, 0);
  take(machine.ports, undefined);
  take(late, 0);
  take(machine.functions, undefined);
  for (let i = 0; i < idle; i += 1) matrix.reserve();
  return matrix.snapshot();
}
