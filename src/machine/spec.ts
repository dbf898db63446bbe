/**
 * What one QEMU machine is, as plain data. `args.ts` turns it into the command line, purely; the same spec
 * serves the host (run by the harness) and a guest (run by QEMU inside the host). `validate.ts` says what a
 * spec may not be.
 */

export interface MachineSpec {
  /** `host`, or the guest's id. Used for QEMU's `-name` and for file names. */
  name: string;
  /** 1..255. */
  cpus: number;
  memoryMiB: number;
  /** CPUs and memory are shared out evenly over this many nodes. Default 1: no NUMA. */
  numaNodes?: number;
  /** Expose hardware virtualisation to the machine, so that it can run guests of its own. */
  nested: boolean;
  iommu?: IommuSpec;
  /** Native PCIe hot-plug (pciehp) rather than QEMU's default, ACPI. Needed by SR-IOV behind a root port. */
  nativeHotplug: boolean;
  /** bzImage. Empty: no kernel is loaded, the firmware alone runs. */
  kernel: string;
  /** Initial RAM file system. Empty: none. */
  initrd: string;
  /** Kernel parameters, joined by a space. */
  cmdline: string[];
  pci: PciSlot[];
  /** Has the backend `null0` of null disks even if none is there at the start: they are plugged in later. */
  nullBackend?: boolean;
  /** A device with VFs is plugged in later: what its VFs need is seen to from the start. */
  plugsVfs?: boolean;
  /** Control network: a virtio-net NIC on the root bus with SSH forwarded to a port of the machine's parent. */
  control: ControlNic;
  /**
   * Emulator bugs to leave in on purpose, by id of `quirks.ts`: their workaround is not applied. Normally
   * empty; `quirksAvoided()` says which ones are worked around.
   */
  quirks: string[];
  /**
   * QEMU trace events to record, by name or pattern (`msix_*`), see docs/devel/tracing.rst. Empty or absent: none.
   * Only of a machine that the harness runs itself; each line costs a write.
   */
  trace?: string[];
  /**
   * QEMU's gdb stub, so that the kernel's memory can be read from outside. Without: none.
   * Only for a machine that the harness runs itself.
   */
  gdbStub?: boolean;
  /**
   * Executed instruction by instruction on a clock of its own (TCG's icount): as long as nothing comes from outside,
   * every run is the same to the byte. Not with guests, nor with disks: see `determinism.ts`.
   */
  deterministic?: Determinism;
  /** Firmware file. Default `qboot.rom`, which does not visit every PCI device before the kernel (SeaBIOS does). */
  firmware?: string;
}

export interface Determinism {
  /** Of all random numbers that the machine gives its kernel. 0 to 2^32 - 1. */
  seed: number;
  /** An instruction takes 2^shift ns of the machine's time. 0 to 10. */
  shift: number;
}

export interface IommuSpec {
  kind: 'intel' | 'virtio' | 'amd';
  /** Not with `virtio`: virtio-iommu has none. */
  interruptRemapping: boolean;
  /**
   * Intel only: the guest tells of every mapping it *adds* (CAP.CM). Needed where QEMU must follow a guest's
   * mappings, i.e. for a vfio-pci device below this IOMMU.
   */
  cachingMode?: boolean;
  /** virtio only: slot of the virtio-iommu-pci function on the root bus. Default 0x1d. */
  slot?: number;
}

/** The control path must not share a port, a bus or a driver with what a lab breaks. */
export interface ControlNic {
  /** PCI slot on the root bus, e.g. 0x1e. */
  slot: number;
  mac: string;
  /** IPv4 address of the machine on its own emulated network, with prefix length. */
  address: string;
  /** Parent's port that leads to the machine's SSH server; 0 lets the parent's kernel choose. */
  hostPort: number;
}

/** A place on a bus: device number and function (0 unless given). */
export interface PciPlace {
  slot: number;
  function?: number;
}

/** Something in a slot (1..30) of the root bus. */
export type PciSlot = PciPlace & (PciPort | PciDevice);

export type PciPort =
  | {
      kind: 'root-port';
      id: string;
      /** 1..255, unique in the machine; is the port's physical slot number too. */
      chassis: number;
      /**
       * Highest link speed the port claims. A default port (16 GT/s) never reports link-active again after a
       * secondary bus reset in QEMU 10.0; `5` does (quirk `root-port-link-active`), and is used if not given.
       */
      linkSpeed?: '2_5' | '5' | '8' | '16';
      child?: PciPort | PciDevice;
    }
  /** PCIe switch: only below a root port or another switch's leg. `id` is the upstream port's. */
  | { kind: 'switch'; id: string; downstream: PciSwitchLeg[] }
  /** Conventional bridge: only on the root bus. Its slots are 1..31. */
  | { kind: 'pci-bridge'; id: string; chassis: number; devices: (PciPlace & PciDevice)[] };

/** A downstream port of a switch. `slot` is its device number on the switch's internal bus, 0..31. */
export interface PciSwitchLeg {
  id: string;
  /** 1..255, unique in the machine. */
  chassis: number;
  slot: number;
  child?: PciPort | PciDevice;
}

export type PciDevice =
  /** Intel 82576: one PF with up to 7 VFs. `network` is the emulated network's IPv4 prefix, e.g. 10.0.2.0/24. */
  | { kind: 'igb'; id: string; network: string; mac?: string }
  | { kind: 'virtio-net'; id: string; network: string; mac?: string }
  /** NVMe with its subsystem. `maxVfs` 0..127; each VF can get three queues and three interrupt vectors. */
  | { kind: 'nvme'; id: string; serial: string; maxVfs: number; sizeMiB: number }
  /** `vectors` of MSI-X: 0 leaves it INTx alone. Default: QEMU's, one a queue and one for config. */
  | { kind: 'virtio-blk'; id: string; sizeMiB: number; queues: number; vectors?: number }
  /** Intel 82540EM: conventional PCI, INTx only. */
  | { kind: 'e1000'; id: string; network: string; mac?: string }
  /** hw/misc/edu.c: raises INTx or MSI when its registers say so. */
  | { kind: 'edu'; id: string }
  /** piix3-usb-uhci: INTx only, on pin D. */
  | { kind: 'uhci'; id: string }
  /** A virtio-blk disk that reads as zeroes and forgets what is written: hundreds of them share one backend. */
  | { kind: 'null-disk'; id: string; queues: number }
  /** virtio-serial with 31 ports, thus 62 queues, and a control queue with an interrupt: 64 vectors with config. */
  | { kind: 'virtio-serial'; id: string }
  /** virtio-rng with as many interrupt messages as MSI-X has room for: somebody may hold them. */
  | { kind: 'vector-holder'; id: string }
  /** `host` is the BDF in the machine that runs this QEMU, e.g. 0000:01:10.2. */
  | { kind: 'vfio-pci'; id: string; host: string };

/** How a machine's instructions are executed; every result carries it. */
export interface Accelerator {
  kind: 'kvm' | 'tcg';
  /** Why this one: `kvm ran a guest`, or what the probe saw when it did not. */
  reason: string;
  /** What a run under this accelerator cannot show. */
  cannotShow: string[];
}
