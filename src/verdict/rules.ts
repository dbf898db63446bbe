/** Every rule that a finding or a step of the chain can cite: its id and what it says. */
import { aerRules } from '../model/aer/rules.ts';
import { genirqRules } from '../model/genirq/rules.ts';
import { leakRules } from '../model/leak/rules.ts';
import { vectorRules } from '../model/vector/rules.ts';

export const verdictRules = {
  'FAULT-PROVED':
    'a fault counts only if the harness proved it, by evidence of its own kind (docs/faults.md); a PCIe error only if the host kernel reported it too, with the right severity, from the right function',
  'FAULT-HEALED':
    'after healing, all is as it was before the fault: error status registers read 0, affinities and numbers are back; else the next fault is blamed for this one, and a run without a failure is not clean',
  INVARIANT: 'what a lab demands throughout holds at every check while faults are injected, and once after',
  'RUN-COMPLETE': 'the run went through its last phase and its record is whole',
  'RUN-EMULATOR': 'a failure of the emulator itself says nothing about the kernel',
  'RUN-CLOCK': 'an event is placed in time only within the stated error of the clock alignment',
  'RUN-REMEDY': 'a remedy counts only if the record shows that it was carried out',
  'VM-STOP':
    'QEMU hw/vfio/pci.c vfio_err_notifier_handler: when the error eventfd of a function fires, its VM is stopped in state internal-error and goes on only after a reset',
  'VM-COUNT': 'the VMs that stop are those that hold a function of the walk, and no others',
  'VM-WITNESSES': 'a guest lives, or does not, when SSH, the serial console and QMP agree on it',
  'VM-SILENT': 'a stopped VM executes nothing, so its own kernel cannot log why',
  'VM-RESTORED':
    'a VM is back when QEMU resumed it, all three witnesses say it lives, and traffic over its function works',
  TRAFFIC: 'a function works when traffic over it comes back, before the fault and after',
  'INTERRUPT-HANDLED':
    'every interrupt message is handled, joins one that is pending, or has an excuse that a trace shows: masked, disabled, freed (docs/ledger.md)',
  'INTERRUPT-DISCARDED':
    'free_irq of an active device discards what is on its way: x86_vector_deactivate leaves VECTOR_SHUTDOWN, and common_interrupt acknowledges what finds it and forgets it (arch/x86/kernel/apic/vector.c, irq.c); VFIO frees and requests at each switch of a trigger (vfio_msi_set_vector_signal)',
  'KERNEL-TROUBLE': 'a kernel warning, oops, panic or stall is never part of a healthy course',
} as const;

/** Of probes of virtio-blk disks. Source: drivers/virtio/virtio_pci_common.c, kernel/irq/{affinity,matrix}.c. */
export const diskRules = {
  'VIRTIO-LADDER':
    'vp_find_vqs tries a vector per queue, then one for all queues, then INTx; the error of the last rung is the error of the probe',
  'VIRTIO-SLOTS':
    'a managed interrupt reserves one bit on every possible CPU of its mask when it is allocated, and the masks of one disk cover all CPUs: so each disk takes one slot of every CPU, however many queues it has',
  'VIRTIO-IRQ0':
    'a function without an interrupt line has irq 0, the timer’s: kernels before 6.1 ask for it and get -16, later ones (2145ab513e3b) give up with the error of the rung before',
  'VIRTIO-LEAK': 'what a disk took it gives back; the matrix is then as it was before the disk',
  'VIRTIO-WORKS': 'a disk works when a driver has it and a read of it comes back',
  'VIRTIO-MODEL':
    'from the matrix before the disks the model foretells of each disk its rung, its errno, the kernel’s message, and the slots it takes',
} as const;

/** Of INTx lines and vfio-pci. Sources are with the model, src/model/intx/. */
export const intxRules = {
  'INTX-WIRING':
    'the slot and the pin of a function choose its line: on q35 slots 5, 9 and 13 share one (QEMU hw/i386/acpi-build.c, build_q35_routing_table)',
  'INTX-MASKING':
    'a function can mask its INTx by itself if DisINTx of its command register can be set; vfio-pci believes that unless the kernel lists the function or nointxmask=1 was given (pci_intx_mask_supported)',
  'INTX-REQUEST':
    'QEMU has vfio-pci request the INTx of every function with a pin when the VM starts (hw/vfio/pci.c vfio_realize)',
  'INTX-SHARING':
    'vfio-pci shares the line of a function that can mask its INTx (IRQF_SHARED), and takes any other line alone (vfio_intx_enable)',
  'INTX-REFUSED':
    'two actions share a line only if both say IRQF_SHARED; else the second request ends with -16 and a line that names both (__setup_irq), and QEMU ends',
  'INTX-MODEL':
    'from lines, pins, DisINTx and the kernel’s lists the model foretells who starts, who is refused, on which line, with which flags',
} as const;

/** Of a forced race. Source: arch/x86/kernel/irq.c, kernel/irq/manage.c, drivers/vfio/pci/vfio_pci_intrs.c. */
export const raceRules = {
  'RACE-ORDER': 'a forced race counts only if every step of its schedule came about, in its order',
  'RACE-LOST':
    'an interrupt that a device raises while its vector is torn down and set up is handled; else a device that waits for that is silent until somebody looks after it',
  'RACE-FOREIGN':
    'clear_irq_vector gives a vector free while an interrupt for it may be in a CPU’s IRR, which no other CPU can see; it comes to whoever has the vector then',
  'RACE-SLOT':
    'call_irq_handler: without vector_lock the store of VECTOR_UNUSED may fall on a slot that was set up again meanwhile (ce0b5eedcb75 looks again under the lock)',
} as const;

export const rules = {
  ...aerRules,
  ...vectorRules,
  ...genirqRules,
  ...leakRules,
  ...diskRules,
  ...intxRules,
  ...raceRules,
  ...verdictRules,
};
export type RuleId = keyof typeof rules;
