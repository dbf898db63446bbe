/**
 * What one QEMU machine is, as plain data. `args.ts` turns it into the command line, purely; the same spec
 * serves the host (run by the harness) and a guest (run by QEMU inside the host).
 */

export interface MachineSpec {
  /** `host`, or the guest's id. Used for QEMU's `-name` and for file names. */
  name: string;
  cpus: number;
  memoryMiB: number;
  /** Expose hardware virtualisation to the machine, so that it can run guests of its own. */
  nested: boolean;
  iommu?: { kind: 'intel' | 'virtio' | 'amd'; interruptRemapping: boolean };
  /** Native PCIe hot-plug (pciehp) rather than QEMU's default, ACPI. Needed by SR-IOV behind a root port. */
  nativeHotplug: boolean;
  kernel: string;
  initrd: string;
  cmdline: string[];
  pci: PciSlot[];
  /** Control network: a virtio-net NIC on the root bus with SSH forwarded to a port of the machine's parent. */
  control: ControlNic;
  quirks: string[];
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

/** Something in a slot of the root bus. `slot` is the device number (1..31); functions are 0 unless given. */
export type PciSlot = { slot: number; function?: number } & (PciPort | PciDevice);

export type PciPort =
  | {
      kind: 'root-port';
      id: string;
      chassis: number;
      /**
       * Highest link speed the port claims. A default port (16 GT/s) never reports link-active again after a
       * secondary bus reset in QEMU 10.0; `5` does (quirk `root-port-link-active`).
       */
      linkSpeed?: '2_5' | '5' | '8' | '16';
      child?: PciPort | PciDevice;
    }
  | { kind: 'switch'; id: string; chassis: number; downstream: PciSwitchLeg[] }
  | { kind: 'pci-bridge'; id: string; chassis: number; devices: ({ slot: number } & PciDevice)[] };

export interface PciSwitchLeg {
  id: string;
  chassis: number;
  slot: number;
  child?: PciPort | PciDevice;
}

export type PciDevice =
  /** Intel 82576: one PF with up to 7 VFs. `network` is the emulated network's IPv4 prefix, e.g. 10.0.2.0/24. */
  | { kind: 'igb'; id: string; network: string }
  | { kind: 'virtio-net'; id: string; network: string }
  | { kind: 'nvme'; id: string; serial: string; maxVfs: number; sizeMiB: number }
  | { kind: 'virtio-blk'; id: string; sizeMiB: number; queues: number }
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
