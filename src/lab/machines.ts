/** Lab → the machines of one cell: their specs, devices and who owns which function. */
import { wordsOf } from '../faults/schema.ts';
import type { MachineSpec, PciDevice, PciPort, PciSlot } from '../machine/spec.ts';
import { ledgerTraceEvents } from '../machine/trace-events.ts';
import { diskSlots, diskWords } from './disks.ts';
import type { Cell } from './matrix.ts';
import type { DevicePlan, GuestPlan, HostPlan } from './plan.ts';
import { isRootDevice, rootDeviceSlots, rootKinds } from './root-devices.ts';
import { invariantsOf } from './schedule.ts';
import type { Device, Lab } from './schema.ts';
import { controlAddress, functionsOf, type LabLeg, portOf, portPath, portsOf } from './topology.ts';
import { holderSlots } from './vector-holder.ts';
import { accountsBufferMiB, ledgerBufferMiB, vectorTraceWords } from './vector-trace.ts';

/** Slot of the control NIC in every machine, far from what a lab puts on the root bus. */
const controlSlot = 0x1e;
/** First root-bus slot of a guest's ports. */
const guestFirstSlot = 4;
/** Port in the host that leads to the first guest's SSH server; nothing else listens there. */
const firstGuestSshPort = 2201;

/**
 * Every machine. Two words are for speed alone: the initramfs is unpacked into ramfs rather than tmpfs, and the
 * crypto self-tests are left out. `no_timer_check` is against quirk tcg-late-timer-check. `tsc=nowatchdog`: in 7.2 the
 * watchdog of clocksources can hang the boot. It waits, with interrupts off, for another CPU that waits for it in
 * stop_machine(), and reads the end of its patience off jiffies, which only it could advance
 * (kernel/time/clocksource.c watchdog_wait_seq()); seen once in some 50 boots.
 */
const everywhere = [
  'console=ttyS0',
  'quiet',
  'loglevel=4',
  'rootfstype=ramfs',
  'cryptomgr.notests',
  'no_timer_check',
  'tsc=nowatchdog',
];

/** A guest has no PCI bus but those below its ports: looking for others costs a nested machine a second. */
const guestOnly = ['pci=lastbus=0'];

/** A machine with nothing but CPUs, memory and the way in; it boots what its user fills in. */
export function plainMachine(name: string, cpus: number, memoryMiB: number): MachineSpec {
  return {
    ...{ name, cpus, memoryMiB, nested: false, nativeHotplug: true, kernel: '', initrd: '' },
    cmdline: everywhere,
    pci: [],
    control: { slot: controlSlot, mac: '52:54:00:fe:00:01', address: controlAddress(0), hostPort: 0 },
    quirks: [],
  };
}

const iommuWords = { intel: ['intel_iommu=on'], amd: ['amd_iommu=on'], virtio: [], none: [] };

/** Words for every machine that drives such a device. Without nvme's, a VF's block device is a hidden path. */
const cmdlineOf: Partial<Record<Device['kind'], string[]>> = { nvme: ['nvme_core.multipath=N'] };

type PortKind = Exclude<Device, { slot: number }>['kind'];
const vfDriver: Record<PortKind, string> = { igb: 'igbvf', nvme: 'nvme' };

/** What a guest loads for a function of this kind that was passed to it. */
function guestDriver(kind: Device['kind']): string[] {
  if (kind === 'igb' || kind === 'nvme') return [vfDriver[kind]];
  const { module } = rootKinds[kind];
  return module === undefined ? [] : [module];
}

export function hostPlan(lab: Lab, cell: Cell): HostPlan {
  const { host } = lab;
  const kernel = cell.kernel!;
  const kind = (cell.iommu ?? host.iommu) as typeof host.iommu;
  const remapping =
    kind !== 'virtio' && (cell.interruptRemapping ?? String(host.interruptRemapping ?? true)) === 'true';
  const hasGuests = Object.keys(lab.guests).length > 0;
  const spec: MachineSpec = {
    name: 'host',
    cpus: Number(cell.cpus ?? host.cpus),
    memoryMiB: host.memoryMiB,
    ...(host.numaNodes === 1 ? {} : { numaNodes: host.numaNodes }),
    nested: hasGuests,
    ...(kind === 'none' ? {} : { iommu: { kind, interruptRemapping: remapping } }),
    nativeHotplug: host.hotplug === 'native',
    kernel: `{kernel:${kernel}}`,
    initrd: '{image:host}',
    cmdline: [
      ...everywhere,
      ...iommuWords[kind],
      // Without it the firmware keeps hot-plug to itself, and error reporting is shared by agreement (_OSC).
      ...(host.hotplug === 'native' ? ['pcie_ports=native'] : []),
      ...deviceKinds(lab).flatMap((device) => cmdlineOf[device] ?? []),
      ...(host.nointxmask ? ['vfio_pci.nointxmask=1'] : []),
      ...diskWords(lab),
      ...(host.ledger && !host.disks ? vectorTraceWords(ledgerBufferMiB, true) : []),
      ...(host.accounts && !host.disks && !host.ledger ? vectorTraceWords(accountsBufferMiB, false) : []),
      ...host.cmdline,
    ],
    ...(plugsDisks(lab) ? { nullBackend: true } : {}),
    ...(plugsVfs(lab) ? { plugsVfs: true } : {}),
    // The matrix is read out of its memory at every look.
    ...(host.disks ? { nullBackend: true, gdbStub: true } : {}),
    ...(watchesVectors(lab, cell.variant!) ? { gdbStub: true } : {}),
    ...(lab.race ? { gdbStub: true } : {}),
    ...(host.ledger ? { trace: [...ledgerTraceEvents] } : {}),
    pci: [
      ...portsOf(lab).map(
        ({ id, slot, chassis, linkSpeed, device, legs }): PciSlot => ({
          kind: 'root-port',
          id,
          slot,
          chassis,
          linkSpeed: linkSpeed === 2.5 ? '2_5' : (String(linkSpeed) as '5' | '8' | '16'),
          ...(device === undefined ? {} : { child: portDevice(device, lab.host.devices[device]!) }),
          ...(legs === undefined ? {} : { child: switchOf(lab, id, legs) }),
        }),
      ),
      ...rootDeviceSlots(lab),
      ...diskSlots(lab),
      ...holderSlots(lab, cell.variant!),
    ],
    control: { slot: controlSlot, mac: '52:54:00:fe:00:01', address: controlAddress(0), hostPort: 0 },
    quirks: [],
  };
  return { kernel, spec, modules: hostModules(lab), ...(host.accounts ? { accounts: true } : {}) };
}

function switchOf(lab: Lab, port: string, legs: readonly LabLeg[]): PciPort {
  return {
    kind: 'switch',
    id: `${port}-up`,
    downstream: legs.map(({ id, slot, chassis, device }) => ({
      ...{ id, slot, chassis },
      ...(device === undefined ? {} : { child: portDevice(device, lab.host.devices[device]!) }),
    })),
  };
}

/** Disks that are plugged in later share one backend, which has to be there from the start. */
function plugsDisks(lab: Lab): boolean {
  return Object.values(lab.faults).some(
    (fault) => fault.kind === 'hotplug' && (fault.device === 'virtio-blk' || fault.device === 'nvme'),
  );
}

function plugsVfs(lab: Lab): boolean {
  return Object.values(lab.faults).some((fault) => fault.kind === 'hotplug' && fault.device === 'igb');
}

/** `global_available` is in the kernel's memory only. */
function watchesVectors(lab: Lab, variant: string): boolean {
  return invariantsOf(lab, variant).some(({ kind }) => kind === 'global-available');
}

export function guestPlans(lab: Lab, cell: Cell): GuestPlan[] {
  // With a kernel of the user's own on the host, the guests stay as they are: one thing changes at a time.
  const kernel = cell.guestKernel ?? (cell.kernel === 'custom' ? lab.matrix.kernel[0]! : cell.kernel!);
  return Object.entries(lab.guests).map(([id, guest], number): GuestPlan => {
    const passthrough = guest.passthrough.map((fn) => ({ function: fn, qdevId: fn.replace('.', '-') }));
    const kinds = guest.passthrough.map((fn) => lab.host.devices[fn.split('.')[0]!]!.kind);
    const octet = number.toString(16).padStart(2, '0');
    return {
      id,
      kernel,
      passthrough,
      modules: [...new Set([...kinds.flatMap(guestDriver), ...guest.modules])],
      spec: {
        name: id,
        cpus: guest.cpus,
        memoryMiB: guest.memoryMiB,
        nested: false,
        nativeHotplug: true,
        kernel: `{kernel:${kernel}}`,
        initrd: '{image:guest}',
        cmdline: [
          ...everywhere,
          ...guestOnly,
          ...new Set(kinds.flatMap((kind) => cmdlineOf[kind] ?? [])),
          ...guest.cmdline,
        ],
        // Each behind a port of its own: only there can a function be hot-unplugged.
        pci: passthrough.map(
          ({ function: fn, qdevId }, i): PciSlot => ({
            kind: 'root-port',
            id: `r${i}`,
            slot: guestFirstSlot + i,
            chassis: i + 1,
            child: { kind: 'vfio-pci', id: qdevId, host: `{bdf:${fn}}` },
          }),
        ),
        control: {
          slot: controlSlot,
          mac: `52:54:00:fe:01:${octet}`,
          address: controlAddress(number + 1),
          hostPort: firstGuestSshPort + number,
        },
        quirks: [],
      },
    };
  });
}

export function devicePlans(lab: Lab): DevicePlan[] {
  const functions = functionsOf(lab);
  return Object.entries(lab.host.devices).flatMap(([id, device]): DevicePlan[] => {
    if (isRootDevice(device)) return [];
    const port = portOf(lab, id);
    const pf = functions.find((fn) => fn.name === id)!;
    return [
      {
        id,
        kind: device.kind,
        path: `${portPath(lab, port)}/00.0`,
        port,
        vfs: functions
          .filter((fn) => fn.device === id && fn.vf !== undefined)
          .map((fn) => ({
            name: fn.name,
            index: fn.vf!,
            driver: fn.driver,
            owner: fn.owner ?? 'host',
            ...(fn.mac === undefined ? {} : { mac: fn.mac }),
            ...(fn.address === undefined ? {} : { address: fn.address }),
          })),
        ...(pf.address === undefined ? {} : { address: pf.address }),
      },
    ];
  });
}

function portDevice(id: string, device: Device): PciDevice {
  if (device.kind === 'igb') return { kind: 'igb', id, network: device.network };
  if (device.kind !== 'nvme') throw new Error(`${id} is on the root bus, not behind a port`);
  return { kind: 'nvme', id, serial: `vflab-${id}`, maxVfs: device.vfs.length, sizeMiB: device.sizeMiB };
}

/** In the order they are loaded. The PF's driver comes first: its VFs do not exist before. */
function hostModules(lab: Lab): string[] {
  const passthrough = Object.values(lab.guests).some((guest) => guest.passthrough.length > 0);
  const faults = Object.values(lab.faults);
  const drivers = functionsOf(lab)
    .filter((fn) => fn.vf !== undefined && fn.driver !== 'none' && fn.driver !== 'vfio-pci')
    .map((fn) => fn.driver);
  return [
    ...new Set([
      ...deviceKinds(lab).flatMap(hostModule),
      ...drivers,
      ...(passthrough ? ['vfio-pci'] : []),
      ...(Object.keys(lab.guests).length > 0 ? ['{kvm}'] : []),
      ...faults.flatMap((fault) => wordsOf(fault).hostModules?.(fault) ?? []),
      ...(lab.host.consoles > 0 ? ['virtio_console'] : []),
      ...lab.host.modules,
    ]),
  ];
}

function hostModule(kind: Device['kind']): string[] {
  if (kind === 'igb' || kind === 'nvme') return [kind];
  const { module } = rootKinds[kind];
  return module === undefined ? [] : [module];
}

function deviceKinds(lab: Lab): Device['kind'][] {
  return [...new Set(Object.values(lab.host.devices).map((device) => device.kind))];
}
