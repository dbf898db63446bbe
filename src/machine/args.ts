/**
 * A machine spec as QEMU's command line: pure, so that `--dry-run` prints exactly what a run executes. The same
 * builder serves the host and, inside it, its guests.
 */
import { pciArgs } from './args-pci.ts';
import { type Channel, chardev, type DiskBacking, escapeComma, ownProcessWiring } from './channels.ts';
import { refuseUndetermined } from './determinism.ts';
import type { QuirkId } from './quirk.ts';
import { quirksAvoided } from './quirks.ts';
import type { Accelerator, ControlNic, MachineSpec } from './spec.ts';
import { allDevices } from './topology.ts';
import { validateSpec, virtioIommuDefaultSlot } from './validate.ts';

/** It does not visit every PCI device before the kernel does, as SeaBIOS would. */
export const defaultFirmware = 'qboot.rom';

export interface QemuArgsOptions {
  accel: Accelerator['kind'];
  /** Default: {@link ownProcessWiring}, the harness's own machine. */
  serial?: Channel;
  qmp?: Channel;
  disks?: Record<string, DiskBacking>;
  /** Its memory is this file; `shared`: what it writes is written there, else it is its own. For snapshots. */
  memory?: { file: string; shared: boolean };
  /** Start with the CPUs stopped (`-S`); QMP `cont` starts them. Nothing is lost before channels are connected. */
  paused?: boolean;
  /** Appended as they are, e.g. trace events. */
  extra?: readonly string[];
}

/**
 * Arguments for `qemu-system-x86_64`, the program's name left out.
 * @throws {UsageError} `BAD_MACHINE` for a spec that no machine can have (see validate.ts); `NOT_DETERMINISTIC`.
 */
export function qemuArgs(spec: MachineSpec, options: QemuArgsOptions): string[] {
  validateSpec(spec);
  if (spec.deterministic) refuseUndetermined(spec, options.accel);
  const own = ownProcessWiring(spec);
  const avoided = quirksAvoided(spec, options.accel);
  return [
    ['-name', spec.name],
    ['-nodefaults', '-no-user-config', '-display', 'none'],
    ['-machine', `${machineType(avoided, options.accel)}${options.memory ? ',memory-backend=ram0' : ''}`],
    memoryArgs(spec, options.memory),
    ['-accel', accelerator(spec, options.accel)],
    deterministicArgs(spec),
    ['-cpu', cpuModel(spec, options.accel)],
    ['-smp', String(spec.cpus), '-m', `${spec.memoryMiB}M`],
    numaArgs(spec),
    ['-bios', escapeComma(spec.firmware ?? defaultFirmware)],
    kernelArgs(spec),
    avoided.includes('vf-bar-address') ? ['-global', 'q35-pcihost.pci-hole64-size=0'] : [],
    avoided.includes('acpi-hotplug-hides-slot')
      ? ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
      : [],
    ['-chardev', chardev('serial0', options.serial ?? own.serial), '-serial', 'chardev:serial0'],
    ['-chardev', chardev('qmp', options.qmp ?? own.qmp), '-mon', 'chardev=qmp,mode=control'],
    own.gdb ? ['-chardev', chardev('gdb', own.gdb), '-gdb', 'chardev:gdb'] : [],
    // Before every other device: amd-iommu's function takes the first free slot, and must not find ours.
    iommuArgs(spec),
    controlArgs(spec.control),
    nullBackendArgs(spec),
    pciArgs(spec, { avoided, disks: options.disks ?? own.disks }),
    traceArgs(spec, own.traceFd),
    options.paused ? ['-S'] : [],
    options.extra ?? [],
  ].flat();
}

/**
 * hw/i386/x86-iommu.c, x86_iommu_realize(): remapping works with `kernel-irqchip=split` or `off` only. Under
 * TCG there is no kernel to hold the chip; said all the same, so that a command line does not depend on defaults.
 */
function machineType(avoided: readonly QuirkId[], accel: Accelerator['kind']): string {
  if (!avoided.includes('iommu-remapping-needs-split-irqchip')) return 'q35';
  return `q35,kernel-irqchip=${accel === 'kvm' ? 'split' : 'off'}`;
}

function accelerator(spec: MachineSpec, accel: Accelerator['kind']): string {
  if (accel === 'kvm') return 'kvm';
  // Quirk tcg-single-thread-nested-hang.
  const single =
    spec.cpus === 1 || spec.deterministic || spec.quirks.includes('tcg-single-thread-nested-hang');
  return `tcg,thread=${single ? 'single' : 'multi'}`;
}

/**
 * `sleep=off`: time that all CPUs idle is skipped. The date is arbitrary, and the same for every run; the clock is the
 * machine's (docs/devel/tcg-icount.rst).
 */
function deterministicArgs({ deterministic }: MachineSpec): string[] {
  if (!deterministic) return [];
  const { seed, shift } = deterministic;
  return [
    ['-icount', `shift=${shift},sleep=off`],
    ['-seed', String(seed)],
    ['-rtc', 'base=2026-01-01T00:00:00,clock=vm'],
  ].flat();
}

function memoryArgs({ memoryMiB }: MachineSpec, memory: QemuArgsOptions['memory']): string[] {
  if (!memory) return [];
  const share = memory.shared ? 'on' : 'off';
  const file = `mem-path=${escapeComma(memory.file)},share=${share}`;
  return ['-object', `memory-backend-file,id=ram0,size=${memoryMiB}M,${file}`];
}

/**
 * TCG emulates SVM but not VMX (target/i386/cpu.c, TCG_EXT3_FEATURES). A machine without guests goes without it: else
 * KVM's modules are loaded at boot, which is a tenth of the boot.
 */
function cpuModel(spec: MachineSpec, accel: Accelerator['kind']): string {
  if (accel === 'kvm') return 'host';
  return spec.nested ? 'max,+svm' : 'max,-svm';
}

function kernelArgs(spec: MachineSpec): string[] {
  if (spec.kernel === '') return [];
  return [
    ['-kernel', spec.kernel],
    spec.initrd === '' ? [] : ['-initrd', spec.initrd],
    spec.cmdline.length === 0 ? [] : ['-append', spec.cmdline.join(' ')],
  ].flat();
}

function iommuArgs({ iommu }: MachineSpec): string[] {
  if (!iommu) return [];
  if (iommu.kind === 'virtio') {
    return [
      '-device',
      `virtio-iommu-pci,id=iommu0,bus=pcie.0,addr=${(iommu.slot ?? virtioIommuDefaultSlot).toString(16)}`,
    ];
  }
  const remapping = `intremap=${iommu.interruptRemapping ? 'on' : 'off'}`;
  if (iommu.kind === 'amd') return ['-device', `amd-iommu,${remapping}`];
  return ['-device', `intel-iommu,${remapping}${iommu.cachingMode ? ',caching-mode=on' : ''}`];
}

/**
 * `-D` of the inherited file: QEMU writes the trace itself, past the harness. The thread and the wall-clock time of an
 * event are in it only with `-msg timestamp=on` (scripts/tracetool/backend/log.py).
 */
function traceArgs({ trace }: MachineSpec, fd: number): string[] {
  if (!trace?.length) return [];
  return [...trace.flatMap((event) => ['-trace', event]), '-D', `/dev/fd/${fd}`, '-msg', 'timestamp=on'];
}

/** Neighbouring CPUs share a node, as hw/core/numa.c would not have it. Memory is backed node by node. */
function numaArgs({ cpus, memoryMiB, numaNodes = 1 }: MachineSpec): string[] {
  if (numaNodes === 1) return [];
  const share = (total: number, node: number) => Math.floor((total * node) / numaNodes);
  return Array.from({ length: numaNodes }, (_, node) => {
    const size = share(memoryMiB, node + 1) - share(memoryMiB, node);
    return [
      ['-object', `memory-backend-ram,id=node${node},size=${size}M`],
      [
        '-numa',
        `node,nodeid=${node},cpus=${share(cpus, node)}-${share(cpus, node + 1) - 1},memdev=node${node}`,
      ],
    ].flat();
  }).flat();
}

function nullBackendArgs(spec: MachineSpec): string[] {
  const needed = spec.nullBackend ?? allDevices(spec).some((device) => device.kind === 'null-disk');
  return needed ? ['-blockdev', 'driver=null-co,node-name=null0,size=1048576,read-zeroes=on'] : [];
}

/** `restrict=on`: nothing reaches the outside; the forwarded port works all the same (net/slirp.c). */
function controlArgs(control: ControlNic): string[] {
  const [address = ''] = control.address.split('/');
  return [
    '-netdev',
    `user,id=control,net=${networkOf(control.address)},ipv6=off,restrict=on,` +
      `hostfwd=tcp:127.0.0.1:${control.hostPort}-${address}:22`,
    '-device',
    `virtio-net-pci,id=control,netdev=control,mac=${control.mac},bus=pcie.0,addr=${control.slot.toString(16)},romfile=`,
  ];
}

/** 10.0.9.15/24 → 10.0.9.0/24 */
function networkOf(address: string): string {
  const [ip = '', bits = '24'] = address.split('/');
  const value = ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(bits));
  const base = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}
