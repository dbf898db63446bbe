/**
 * Which interrupt line (GSI) a function's INTx pin is wired to on QEMU's q35, as its ACPI tables say. Source: QEMU
 * hw/i386/acpi-build.c, build_q35_routing_table(), append_q35_prt_entry() and build_q35_pci0_int() (read in 10.0);
 * seen the same in Linux 6.1 and 6.12. A Linux irq number of such a line is its GSI
 * (arch/x86/kernel/apic/io_apic.c, mp_map_gsi_to_irq()).
 */

/** INTA# to INTD#, as in PCI_INTERRUPT_PIN less one. */
export type Pin = 0 | 1 | 2 | 3;

const firstOfA = 16;
const firstOfE = 20;

/** @param slot of the root bus, 0 to 31 */
export function q35Line(slot: number, pin: Pin): number {
  // Slots up to 0x18 begin at one of PIRQE to PIRQH, by turns.
  if (slot <= 0x18) return firstOfE + ((slot + pin) & 3);
  return (slot === 0x1e ? firstOfE : firstOfA) + pin;
}

/**
 * The pin of its bridge that a function's pin becomes, one level up. PCI-to-PCI Bridge Architecture Specification 1.2,
 * table 9-1; drivers/pci/pci.c, pci_swizzle_interrupt_pin(). A device behind a root port is in slot 0 and keeps its pin.
 */
export function swizzled(slot: number, pin: Pin): Pin {
  return ((slot + pin) & 3) as Pin;
}
