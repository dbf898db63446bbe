/** What hot-plug gives back: the state before a device came is the state after it went. */
export const leakRules = {
  'LEAK-FUNCTION':
    'the PCI functions are those from before, each with its driver (drivers/pci/remove.c pci_stop_and_remove_bus_device, drivers/pci/iov.c sriov_disable)',
  'LEAK-IRQ':
    'a device frees its interrupts with their descriptors, so the same handlers are there and the same number of descriptors; numbers may differ (kernel/irq/irqdesc.c irq_free_descs, drivers/pci/msi/msi.c)',
  'LEAK-GROUP':
    'a function leaves its IOMMU group, and an empty group goes: the functions are grouped as before; group numbers may differ (drivers/iommu/iommu.c iommu_group_remove_device, iommu_group_release)',
  'LEAK-VFIO':
    'each group that vfio-pci has has one node /dev/vfio/N (drivers/vfio/group.c vfio_group_release)',
  'LEAK-RESOURCE':
    'the address space of a removed function is free again; where it was may differ (drivers/pci/remove.c pci_free_resources)',
  'LEAK-INTERFACE': 'the network interfaces and block devices are those from before',
  'LEAK-MODULE': 'a driver’s module has as many users as before (kernel/module/main.c module_put)',
  'LEAK-FILE':
    'QEMU of a guest has as many open files of each kind as before: each vector’s eventfds are closed with it (QEMU hw/vfio/pci.c vfio_msi_disable_common)',
  'LEAK-VECTOR':
    'every vector that was allocated, reserved or managed for a device is free again: the matrix is as before (arch/x86/kernel/apic/vector.c x86_vector_free_irqs, kernel/irq/matrix.c)',
  'NOBODY-HANGS':
    'removal ends: no task waits uninterruptibly for a device that is gone (drivers/pci/hotplug/pciehp_core.c holds its locks meanwhile, so that one such task stops all hot-plug)',
  'SLOT-ASKED':
    'a slot goes on or off because somebody asked: QEMU presses its button once for a device_add and once for a device_del (QEMU hw/pci/pcie.c pcie_cap_slot_plug_cb, pcie_cap_slot_unplug_request_cb); the kernel takes a press for what the slot is not (pciehp_ctrl.c pciehp_handle_button_press)',
} as const;
export type LeakRule = keyof typeof leakRules;
