/**
 * The trace events of QEMU that an interrupt ledger rests on: a device's raise, the message on the bus, its arrival in
 * the local APIC. Names as in QEMU 10.0's hw/{intc,net,nvme,pci,virtio}/trace-events and system/trace-events.
 */
export const ledgerTraceEvents: readonly string[] = [
  // Devices: they say which entry of their MSI-X table, not which of several like devices they are.
  'e1000e_irq_msix_notify_vec',
  'e1000e_irq_msix_notify_postponed_vec',
  'e1000e_irq_msi_notify',
  'e1000e_irq_msi_notify_postponed',
  'pci_nvme_irq_msix',
  'virtio_notify',
  'virtio_notify_irqfd',
  // Pins of the IO-APIC.
  'ioapic_set_irq',
  'ioapic_set_remote_irr',
  'ioapic_clear_remote_irr',
  // Masks, and the message itself: writes to MSI-X tables and to the interrupt address range; EOIs.
  'pci_cfg_write',
  'msix_write_config',
  'memory_region_ops_write',
  // The local APIC: a message or its own timer, and whether the bit in IRR was set already.
  'apic_deliver_irq',
  'apic_local_deliver',
  'kvm_report_irq_delivered',
  'kvm_reset_irq_delivered',
  // When the machine stands still, and its clocks with it.
  'runstate_set',
];
