/**
 * Emulator quirks: what QEMU does that hardware does not, each with its way round, in one table — so that a
 * quirk never becomes a "kernel bug" in a verdict. Differences between *kernels* live elsewhere.
 */

import type { Quirk, QuirkId } from './quirk.ts';
import type { Accelerator, MachineSpec } from './spec.ts';
import { allDevices, allPorts } from './topology.ts';

export const quirks: readonly Quirk[] = [
  {
    id: 'vf-bar-address',
    what: 'A 64-bit VF BAR is mapped at the low half of its address, over the PF or nowhere',
    versions:
      'since 10.0 (cab1398a60eb: VFs are realized in pcie_sriov_pf_init(), before pcie_sriov_pf_init_vf_bar() ' +
      'sets the BAR type that pcie_sriov_vf_register_bar() copies); fixed by 2e54e5fda779, in 10.1.2',
    avoidedBy: '-global q35-pcihost.pci-hole64-size=0: no 64-bit window, so VF BARs lie below 4 GiB',
    affects:
      'igb VFs: "PF still in reset state", "Hardware Error" of the PF. nvme VFs are spared behind a port',
    applies: (spec) =>
      spec.plugsVfs === true || allDevices(spec).some((device) => hasVfs(device.kind, device)),
  },
  {
    id: 'root-port-link-active',
    what: 'Data-link-layer-active is not set again after a secondary bus reset',
    versions:
      'seen in 10.0.2 with the default x-speed=16 (hw/pci/pcie.c, pcie_cap_fill_slot_lnk and link update)',
    avoidedBy: 'x-speed=5 on pcie-root-port, unless the spec asks for a speed',
    affects: 'reset recovery below a root port: the kernel waits for the link, then gives the device up',
    applies: (spec) =>
      allPorts(spec).some((port) => port.kind === 'root-port' && port.linkSpeed === undefined),
  },
  {
    id: 'acpi-hotplug-hides-slot',
    what: 'With ACPI hot-plug on, native pciehp finds "Card not present" and every read below the port is 0xffff',
    versions: 'q35 since 6.1 (ACPI hot-plug became the default); seen in 10.0.2',
    avoidedBy:
      '-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off, and pcie_ports=native for the kernel',
    affects: 'SR-IOV and hot-plug behind root ports: "Unable to change power state from D3cold to D0"',
    applies: (spec) => spec.nativeHotplug,
  },
  {
    id: 'tcg-single-thread-nested-hang',
    what: 'A nested guest hangs before its init when a machine of two or more CPUs runs in one TCG thread',
    versions:
      'all that emulate SVM, also in the development tree of 2026 (3b50303f9563); seen in 10.0.2 with thread=single ' +
      'and with icount, which implies it',
    cause:
      'the guest takes an interrupt twice, the second time with interrupts off. VMRUN that injects one ' +
      '(target/i386/tcg/system/svm_helper.c, helper_vmrun(), SVM_EVTINJ_TYPE_INTR) delivers it and leaves its vector ' +
      'in cs->exception_index. A CPU told to leave its loop before the next exit or exception of the guest finds it ' +
      'there (accel/tcg/cpu-exec.c, cpu_handle_interrupt() keeps an index that is set, and cpu_handle_exception() ' +
      'delivers it). Then the guest waits for a spinlock that it holds, or, if it came from user mode, runs on with ' +
      'the GS of user mode until error_entry() hits the stack guard page. In one thread that comes by itself: a CPU ' +
      'is told every 100 ms and at each interrupt of another one (accel/tcg/tcg-accel-ops-rr.c, rr_kick_next_cpu(), ' +
      'rr_kick_vcpu_thread()), with icount whenever its instructions are spent. `-d int` showed it, each vector twice ' +
      'in a row; without that one store no vector came twice, and vf-aer-hang ran as expected with thread=single',
    avoidedBy:
      '-accel tcg,thread=multi whenever there is more than one CPU: there a CPU is hardly ever told to leave without ' +
      'an interrupt, which puts the index right. A deterministic machine, which counts, has no guests',
    affects: 'every lab with guests: a false "guest hangs"',
    applies: (spec, accel) => accel === 'tcg' && spec.cpus > 1 && !spec.deterministic,
  },
  {
    id: 'icount-block-io',
    what: 'A disk answers when the main loop gets to it, at an instruction that nothing determines',
    versions:
      'all with icount (block/block-backend.c, blk_aio_complete_bh() is a bottom half of the main loop, also for ' +
      'null-co; virtio-blk hears of a request there too, by ioeventfd); seen in 10.0.2: time stamps differ from the ' +
      'first disk on',
    avoidedBy: 'a deterministic machine has no disks; a lab with disks is refused',
    affects: '`--deterministic` and hunts: two runs would differ',
  },
  {
    id: 'icount-full-console',
    what: 'A serial port whose reader is slow tries again when the main loop gets to it, at an undetermined instruction',
    versions:
      'all with icount and a socket for a console (hw/char/serial.c, serial_xmit() and serial_watch_cb()); seen in ' +
      '10.0.2: two boots differed in a time stamp',
    avoidedBy: 'the console of a deterministic machine is a file',
    affects: '`--deterministic` and hunts: two runs would differ',
    applies: (spec) => spec.deterministic !== undefined,
  },
  {
    id: 'icount-stop-skips-time',
    what: "At a breakpoint the machine's clock jumps to its next timer",
    versions:
      'all with icount and sleep=off: the CPU that came to it counts as idle before the main loop has heard of it ' +
      '(system/cpus.c, cpu_thread_is_idle(); accel/tcg/icount-common.c, icount_start_warp_timer()); read in 10.0',
    avoidedBy: 'cannot be avoided; it is the same on every run',
    affects: 'hunts: with every visit of a point a timer fires, so that time goes faster than the CPUs',
  },
  {
    id: 'icount-stop-runs-on',
    what: 'When one CPU comes to a breakpoint, the others go on until the main loop has heard of it',
    versions:
      'all with thread=single (accel/tcg/tcg-accel-ops-rr.c, rr_cpu_thread_fn(): after EXCP_DEBUG the next CPU has ' +
      'its turn); read in 10.0, and the likely reason why two runs that let two CPUs go together ended 10 ms apart',
    avoidedBy: 'a hunt lets one CPU go at a time, also of those that idle',
    affects: 'hunts: a replay would differ',
  },
  {
    id: 'restored-waits-for-cpu0',
    what: 'A restored machine of which only another CPU is let go stands still until CPU0 is let go too',
    versions:
      'all with thread=single (accel/tcg/tcg-accel-ops-rr.c, rr_cpu_thread_fn(): the thread of all CPUs begins when ' +
      'first_cpu is no longer stopped); seen in 10.0.2',
    avoidedBy: 'the snapshot of a hunt is taken at an instruction of CPU0, which so is the first to go on',
    affects: 'hunts: no run would end',
  },
  {
    id: 'tcg-iotlb-assertion',
    what: 'QEMU aborts in iotlb_to_section() (system/physmem.c), about once in 35 boots',
    versions: 'seen in 10.0.2 under TCG',
    avoidedBy: 'cannot be avoided: recognised on stderr; an infrastructure error, never a verdict',
    affects: 'any TCG run',
    stderr: /iotlb_to_section.*Assertion/,
  },
  {
    id: 'tcg-stale-breakpoint',
    what: 'A CPU runs a breakpoint that the kernel has already taken out of its text: "Oops: int3", then a panic',
    versions:
      'seen in 10.0.2 with thread=multi, once in some 250 boots of 6.12, at a static key ' +
      '(arch/x86/kernel/alternative.c, text_poke_bp_batch(): int3, the new bytes, then the first byte again; ' +
      'a translation made in between outlives it)',
    avoidedBy: 'cannot be avoided: recognised on the console; an infrastructure error, never a verdict',
    affects: 'machines of two or more CPUs under TCG',
    console: { line: /(?:Oops: |\] )int3: 0000 \[#/, accel: 'tcg' },
  },
  {
    id: 'tcg-lost-timer',
    what: "An idle CPU's local APIC timer never fires again: whatever waits for a timer there waits for ever",
    versions:
      'seen in 10.0.2 with thread=multi, once in some 250 boots of 6.12, and in 5 of 30 of 7.2 with four CPUs and many ' +
      'disks; an RCU stall tells, 21 s later',
    avoidedBy: 'cannot be avoided: recognised on the console; an infrastructure error, never a verdict',
    affects: 'machines of two or more CPUs under TCG: commands that hang, a false deadline',
    console: { line: /rcu_\w+ kthread timer wakeup didn't happen/, accel: 'tcg' },
  },
  {
    id: 'tcg-late-timer-check',
    what: "The kernel's boot check of the timer interrupt finds too few ticks where QEMU gets little CPU time, and panics",
    versions: 'every QEMU on a loaded machine (arch/x86/kernel/apic/io_apic.c, timer_irq_works())',
    avoidedBy: '`no_timer_check` on the kernel command line, as Linux itself does under KVM',
    affects: 'the boot of any machine under TCG: "timer doesn\'t work through Interrupt-remapped IO-APIC"',
  },
  {
    id: 'tcg-nested-cpu-stuck',
    what: 'A CPU inside a nested guest of two or more CPUs comes out of it no more',
    versions:
      'seen in 10.0.2 with thread=multi, in some 4 of 30 runs with such a guest: an RCU stall of the guest or of the ' +
      'host; in one of them the KVM of the host went into the guest some 9000 times a second, each time with an IPI to ' +
      'its own CPU, as svm_vcpu_run() sends it for force_immediate_exit, until after minutes the stack guard ' +
      'page of the host was hit in error_entry(). The cause below is mended after 10.1: system/cpus.c, ' +
      'cpu_set_interrupt(), is atomic',
    cause:
      'the CPU loses a pending interrupt. VMRUN with an interrupt window open (V_IRQ) sets CPU_INTERRUPT_VIRQ by ' +
      '`cs->interrupt_request |=` without the big lock (target/i386/tcg/system/svm_helper.c, helper_vmrun()), which ' +
      'wipes out what another thread sets at the same time (accel/tcg/tcg-accel-ops.c, tcg_handle_interrupt()). The ' +
      'local APIC keeps it in its IRR, a timer or an IPI of the host, and tells nobody again until another comes; ' +
      'the sender waits. Seen with that window widened by some microseconds: timer and call-function vector in the ' +
      'IRR of the CPU that stays in the guest, the other one in smp_call_function_many_cond() of the host. A guest ' +
      'that stalls alone may also have taken an interrupt twice (tcg-single-thread-nested-hang). Where the run with ' +
      'the IPIs comes from is not known: both CPUs of its host took their interrupts',
    avoidedBy: 'cannot be avoided: recognised on the consoles; an infrastructure error, never a verdict',
    affects: 'msix-affinity-churn under TCG: a guest that does not boot or falls silent, a host that panics',
    console: { line: /BUG: TASK stack guard page was hit/, accel: 'tcg' },
    guestConsole: { line: /rcu: INFO: rcu_\w+ detected stalls on CPUs/, accel: 'tcg', cpus: 2 },
  },
  {
    id: 'igbvf-no-migration-state',
    what: 'The igbvf device has no migration state: MSI-X control and bus mastering are lost on restore, silently',
    versions: 'seen in 10.0.2 (hw/net/igbvf.c has no vmsd)',
    avoidedBy: 'snapshots are taken before VFs exist; any other is refused',
    affects: 'snapshots: a false "lost interrupt"',
  },
  {
    id: 'nvme-no-migration',
    what: 'nvme refuses to migrate (vmsd.unmigratable in hw/nvme/ctrl.c)',
    versions: 'up to 10.0.2 at least',
    avoidedBy: 'no snapshot of a machine with an nvme device',
    affects: 'snapshots',
  },
  {
    id: 'nvme-kept-when-pulled',
    what: 'An nvme controller that is pulled while a request is in flight is never let go of: no DEVICE_DELETED',
    versions:
      'all with nvme_sg_unmap() in nvme_post_cqes() (hw/nvme/ctrl.c): nvme_ctrl_reset() drains the requests, then frees ' +
      'the queues before their completions are posted, so that each scatter list keeps its reference to the device; ' +
      'seen in 10.0.2, in two of three storms on a busy machine',
    avoidedBy: 'a surprise removal is proved by the empty seat of the slot, not by the event',
    affects: 'hot-plug storms: a card that was pulled, and a fault that looks as if it took no effect',
  },
  {
    id: 'heap-corrupted',
    what: 'QEMU is killed by what it did to its own heap, which no kernel may bring about',
    versions:
      'seen three times in 10.0.2, in storms of hot-plug: an abort by glibc, and two SIGSEGVs of a CPU thread in ' +
      'aio_bh_enqueue() with a bottom half that was overwritten with a message of MSI-X, or with 0',
    cause:
      'from source, not proved: nvme_exit() frees the arrays of queues (hw/nvme/ctrl.c), and a CPU that waits for the ' +
      'lock with a doorbell write comes to nvme_process_db() after it, for a pulled device lives on ' +
      '(nvme-kept-when-pulled)',
    avoidedBy:
      'who reads a disk and who pulls it are on one CPU (faults/hotplug/slot.ts); an abort is recognised by ' +
      'the words of glibc, a SIGSEGV says nothing of itself; an infrastructure error, never a verdict',
    affects: 'hot-plug storms',
    stderr:
      /^(?:malloc|free|realloc|calloc|munmap_chunk|malloc_consolidate)\(\): |^corrupted (?:double-linked list|size vs)|^double free or corruption/,
  },
  {
    id: 'kvm-opens-but-runs-nothing',
    what: '/dev/kvm opens, creates a VM, and runs no stock kernel (some sandboxes)',
    versions: 'a property of the machine underneath, not of QEMU',
    avoidedBy: 'the accelerator probe runs a guest to a known answer before KVM is trusted',
    affects: 'everything: aborts, "KVM internal error", silence',
    stderr: /KVM internal error|failed to set MSR/,
  },
  {
    id: 'igb-sends-no-errors',
    what: 'An igb or igbvf function never sends an error message, and its device status cannot be cleared',
    versions:
      'all with igb (hw/net/igb.c, igb_pci_realize(): no pcie_cap_deverr_init(), so DevSta has no write-1-to-' +
      'clear mask and the error enables of DevCtl cannot be set); seen in 10.0.2',
    avoidedBy:
      'a lab injects by the kernel, or by QEMU on the port above; any other is refused as a lab error',
    affects: 'errors injected by QEMU on igb: set in its registers, seen by nobody',
  },
  {
    id: 'qboot-leaves-serr-off',
    what: 'SERR# is off on every port and device, so that no error message passes a port',
    versions:
      'qboot (SeaBIOS sets it); hw/pci/pcie_aer.c, pcie_aer_msg_vbridge() looks at the bridge control register',
    avoidedBy: 'the fault `aer` enables SERR# on the target and the ports above it before QEMU injects',
    affects: 'errors injected by QEMU: counted by nobody, reported by nobody',
  },
  {
    id: 'iommu-remapping-needs-split-irqchip',
    what: 'Interrupt remapping is refused with the interrupt chip in the kernel',
    versions: 'all (hw/i386/x86-iommu.c, x86_iommu_realize())',
    avoidedBy: 'kernel-irqchip=split under KVM, off under TCG',
    affects: 'machines with an IOMMU that remaps interrupts: QEMU would not start',
    applies: (spec) => spec.iommu?.interruptRemapping === true,
  },
  {
    id: 'amd-iommu-deaf-ioapic',
    what: 'With amd-iommu under TCG no interrupt of the IO-APIC arrives: its address space has a window of size 0',
    versions:
      'seen in 10.0.2 (hw/i386/amd_iommu.c, amdvi_sysbus_realize() makes the IO-APIC an alias of regions that have ' +
      'no size yet; since c1f46999ef50 and 9fc9dbac61dd); fixed by a7842d94067c, in 10.1 and a later 10.0.x',
    avoidedBy: 'cannot be avoided: such a QEMU is recognised by its memory tree, and the machine refused',
    affects:
      'hosts with iommu amd: "timer doesn\'t work through Interrupt-remapped IO-APIC", before the first driver',
  },
];

/** The quirks that the command line of this machine works around, in table order. For results. */
export function quirksAvoided(spec: MachineSpec, accel: Accelerator['kind']): QuirkId[] {
  return quirks
    .filter((quirk) => quirk.applies?.(spec, accel) && !spec.quirks.includes(quirk.id))
    .map((quirk) => quirk.id);
}

/** The quirk that a stderr line of QEMU shows, if any. */
export function quirkInStderr(lines: readonly string[]): Quirk | undefined {
  return quirks.find((quirk) => lines.some((line) => quirk.stderr?.test(line)));
}

function hasVfs(kind: string, device: object): boolean {
  return kind === 'igb' || (kind === 'nvme' && 'maxVfs' in device && Number(device.maxVfs) > 0);
}
