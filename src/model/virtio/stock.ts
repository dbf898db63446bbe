/**
 * A PC's vector matrix before its disks, where nobody has read it: what a stock machine has in use, each vector where
 * the kernel would have put it.
 */
import { VectorDomain } from '../msi/domain.ts';
import { type FreshMachine, freshSeed, type MatrixSeed } from '../vector/seed.ts';
import { SimulatedMatrix } from '../vector/simulate.ts';

export interface StockMachine extends FreshMachine {
  nodes: readonly (readonly number[])[];
  /** Interrupts of ISA devices in use besides the timer: their descriptors are on the boot CPU's node. */
  isa: number;
  /** Ordinary MSI and MSI-X vectors in use, of functions of no node. */
  msi: number;
  /** Interrupt lines that are set up and have no handler. */
  reserved: number;
}

/** i8042 twice, rtc0, acpi, a serial console. */
export const stockIsa = 5;
/** The other ISA lines but timer and cascade, and four of the PCI functions. */
export const stockReserved = 9 + 4;

export function stockSeed(machine: StockMachine): MatrixSeed {
  const matrix = new SimulatedMatrix(freshSeed(machine), { spreadsManaged: true });
  const domain = new VectorDomain(matrix, { ...machine, affinityBeforeNode: true });
  for (let i = 0; i < machine.isa + machine.msi; i += 1) {
    matrix.reserve();
    const node = i < machine.isa && machine.nodes.length > 1 ? 0 : undefined;
    domain.activate(machine.possible, node);
  }
  for (let i = 0; i < machine.reserved; i += 1) matrix.reserve();
  return matrix.snapshot();
}
