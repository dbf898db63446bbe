/**
 * The plan: all that a run will do, as plain data, computed before anything runs. `--dry-run` prints it, the
 * runner (`src/run/`) executes it action by action, and the run folder keeps it, so that a stored run can be
 * judged and replayed without its lab file.
 *
 * Names inside a plan: `host` is the L1 machine; a guest (L2) has the id its lab gave it; a PCI function is
 * `nic0` (the physical function) or `nic0.vf1` (its second virtual function).
 */
import type { Fault } from '../faults/schema.ts';
import type { HuntPlan } from '../hunt/script.ts';
import type { MachineSpec } from '../machine/spec.ts';

export interface Plan {
  lab: string;
  title: string;
  /** Path of the lab file as the user gave it. */
  file: string;
  variants: VariantPlan[];
  /** What every choice by chance is drawn from; absent where nothing is left to chance. */
  seed?: number;
  /** The user's own kernel, used wherever a spec says `{kernel:custom}`: bzImage, and its modules' directory. */
  customKernel?: { path: string; modules?: string };
}

/**
 * Paths in a plan are symbolic, so that it is the same on every machine; the runner fills them in:
 * `{kernel:6.12}` and `{image:host}` (`{image:guest}`) for files of the cache, `{bdf:nic0.vf1}` for the address
 * a function has once it exists, `{kvm}` for the module that gives the host its /dev/kvm.
 */

/** One cell of the matrix: one boot of the host, one verdict. */
export interface VariantPlan {
  /** Unique in the plan and usable as a folder name: axis values joined by `+`, e.g. `6.12+reset-vm`. */
  id: string;
  /** The chosen value of every axis, e.g. `{ kernel: '6.12', variant: 'reset-vm' }`. */
  axes: Record<string, string>;
  host: HostPlan;
  guests: GuestPlan[];
  devices: DevicePlan[];
  /** Devices on the root bus, which have no VFs. Absent in runs that are older than these. */
  rootDevices?: RootDevicePlan[];
  disks?: DisksPlan;
  race?: RacePlan;
  traffic: TrafficPlan[];
  faults: Record<string, FaultPlan>;
  /** What has to hold while the faults are injected. */
  invariants?: InvariantPlan[];
  /** The plan's, where this variant draws lots. */
  seed?: number;
  remedy: { id: string; title: string };
  phases: Phase[];
  /** What is hunted on this host, where the lab says so. */
  hunt?: HuntPlan;
  /** The failure that this lab is about; the verdict says whether it was reproduced. */
  failure: FailureId;
  expect: Expectation;
}

/** Failures that `src/verdict/` can recognise. */
export const failureIds = [
  'vm-stopped-by-aer',
  'virtio-blk-probe-failed',
  'vfio-intx-conflict',
  'irq-nobody-cared',
  'invariant-broken',
  'resources-leaked',
  'interrupt-lost',
] as const;
export type FailureId = (typeof failureIds)[number];

export interface Expectation {
  verdict: 'reproduced' | 'clean';
  /** What the remedy did: absent where no remedy was tried. */
  remedy?: RemedyEffect;
  /** Finding ids that must be there, e.g. `pf-recovered`. */
  findings: string[];
}

/** `prevented`: the failure never happened. `cured`: it happened, and everything works again. */
export type RemedyEffect = 'prevented' | 'cured' | 'no-effect';

export interface HostPlan {
  /** Kernel of the host: `6.12`, `6.1`, or `custom` (`--kernel PATH`). */
  kernel: string;
  spec: MachineSpec;
  /** A real host, which `spec` then says nothing about: ssh://root@HOST:PORT. */
  real?: { url: string };
  /** Modules loaded after boot, in order. */
  modules: string[];
  /** Inventories at every snapshot, and a trace of its vectors since boot. */
  accounts?: true;
}

export interface GuestPlan {
  id: string;
  kernel: string;
  spec: MachineSpec;
  /** Functions handed to it by vfio-pci, each with the qdev id it has in the guest's QEMU. */
  passthrough: { function: string; qdevId: string }[];
  modules: string[];
}

/** A PCI device of the host behind a port, and what becomes of its functions. */
export interface DevicePlan {
  id: string;
  kind: 'igb' | 'nvme';
  /** Path of the PF in the PCI tree, as `bus/slot.function` steps from the root bus: `00:04.0/00.0`. */
  path: string;
  /** On a real host: the PF itself, wherever it sits. */
  bdf?: string;
  /** The root or downstream port above it (its qdev id): where errors are reported. */
  port: string;
  vfs: VfPlan[];
  /** IPv4 address of the PF's interface with prefix length, for a NIC. */
  address?: string;
}

/** A device of one function in a slot of the root bus. */
export interface RootDevicePlan {
  id: string;
  kind: 'edu' | 'e1000' | 'uhci' | 'virtio-blk';
  /** `00:05.0` */
  path: string;
  /** Number (GSI) of the interrupt line that its INTx pin is wired to. */
  line: number;
  /** Driver on the host; `none` where Linux has none for it. */
  driver: string;
  /** `host`, or the guest that owns it. */
  owner: string;
  /** IPv4 address with prefix length used by whoever owns it, for a NIC. */
  address?: string;
}

export interface VfPlan {
  /** `nic0.vf1` */
  name: string;
  index: number;
  driver: string;
  /** `host`, or the guest that owns it. */
  owner: string;
  mac?: string;
  /** IPv4 address with prefix length used by whoever owns the VF, for a NIC. */
  address?: string;
}

/** Many equal virtio-blk disks of the host: what they need of its interrupt vectors is the fault. */
export interface DisksPlan {
  count: number;
  /** Request queues that each one offers; the driver uses at most one a CPU. */
  queues: number;
  /** `cold`: there at boot, probed when the driver is loaded. `hot`: plugged in one by one, the driver loaded. */
  plug: 'cold' | 'hot';
  /** `routed`: its pin leads to an interrupt line. `pinless`: `pci_dev->irq` is 0, as without a pin. */
  intx: 'routed' | 'pinless';
  /** A driver built with a patch: its path as the lab gives it, and whether it asks for managed interrupts. */
  driver?: { patch: string; affinityHint: boolean };
}

/** A race between CPUs of the host, over vector 0 of a function that a program owns through VFIO. */
export interface RacePlan {
  /** A PF: `nic0`. */
  function: string;
  /** A second PF, whose program gets the vector of the first; the race is then about its interrupts. */
  neighbour?: string;
  /** Name of the race in `src/model/race/`. */
  model: string;
  /** Who says in which order the CPUs act; `nobody` holds none. */
  order:
    | { from: 'explorer'; cure: string; problem: string }
    /** Path as the lab gives it, relative to the lab file. */
    | { from: 'file'; file: string }
    | { from: 'nobody' };
}

/** Traffic that proves a function works. Checked at the moments that the phases name. */
export interface TrafficPlan {
  id: string;
  /** `host` or a guest id: where the traffic starts. */
  from: string;
  /** The function it goes through. */
  over: string;
  kind: 'ping' | 'block-io';
  /** Ping target (the emulated network's gateway). */
  to?: string;
  /** Also goes on without a pause for as long as a schedule runs. */
  keepUp?: boolean;
}

export type FaultPlan = Fault;

/** One fault with its concrete moments, in milliseconds of the harness's clock since the schedule began. */
export interface ScheduledFault {
  fault: string;
  /** Ascending. A moment that has passed when the injection before it ends is not left out: it comes at once. */
  atMs: number[];
  /** Of a fault that lasts: how long, each time. */
  durationMs?: number;
}

/**
 * Checked from the beginning of the faults until they are over, and once after. An answer counts when it comes
 * within `withinMs` at reference speed.
 */
export type InvariantPlan = { id: string; everyMs: number; withinMs: number } & (
  | { kind: 'guest-answers'; guest: string }
  | { kind: 'traffic'; traffic: string }
  | { kind: 'global-available'; atLeast: number }
  /** Judged from the traces: every interrupt handled within `withinMs`. What is done meanwhile is to tie the clocks. */
  | { kind: 'ledger-balanced' }
);

export interface Phase {
  name: string;
  /** What the user reads while it runs. */
  title: string;
  /** Deadline at reference speed; the runner multiplies it by the measured slowness of this machine. */
  budgetMs: number;
  actions: Action[];
}

export type Moment =
  | 'before-fault'
  | 'during-fault'
  | 'after-fault'
  | 'end'
  /** Right before the disks' driver is loaded (cold) or the first one is plugged in (hot). */
  | 'before-disks'
  | 'after-disks'
  /** Functions are bound to vfio-pci, and no guest runs yet. */
  | 'before-guests'
  /** What a remedy did is done, and a guest is about to be started again. */
  | 'before-restart'
  /** Every guest has been started, or was refused. */
  | 'after-guests'
  /** After the remedy's steps that follow the failure. */
  | 'after-remedy';

export type Action =
  | { do: 'boot-host' }
  /** A real host in place of one to be booted: what it takes to put it back is laid first. */
  | { do: 'adopt-host' }
  | { do: 'load-modules'; on: string; modules: string[] }
  /** Brings the PF up and gives it its address (NIC), then sets `sriov_numvfs` with driver autoprobing off. */
  | { do: 'create-vfs'; device: string }
  /** Waits for the driver of a device that the host keeps; brings its link up, if it is a NIC. */
  | { do: 'prepare-root-device'; device: string }
  /** Binds a function to a driver by `driver_override`; configures its link if the host keeps it. */
  | { do: 'bind-driver'; function: string; driver: string }
  /**
   * Tries DisINTx of every function that the plan names, one by one, and puts each register back; has the kernel route
   * the lines of those that no driver has.
   */
  | { do: 'probe-intx' }
  /** `mayFail`: a QEMU that ends at once is what the run is about, and is put on record as such. */
  | { do: 'start-guest'; guest: string; mayFail?: true }
  /** Waits until the guest answers by SSH, loads its modules, then configures the links of its functions. */
  | { do: 'await-guest'; guest: string }
  | { do: 'check-traffic'; traffic: string; moment: Moment }
  /** Loads the disks' driver, which probes those that are there. */
  | { do: 'load-disk-driver' }
  /** Plugs all disks in, one after the other, each waited for until the host has tried to probe it. */
  | { do: 'plug-disks' }
  /** Takes the first `count` disks that work away from the host. */
  | { do: 'unplug-disks'; count: number }
  /** Has the driver probe those once more that it failed to. */
  | { do: 'probe-disks-again' }
  /** Reads from every disk that there is: a disk works if this does. */
  | { do: 'read-disks'; moment: Moment }
  /** Copies what a machine says of its interrupts (and of its disks, where the plan has some) into the evidence. */
  | { do: 'snapshot'; on: string; moment: Moment }
  | { do: 'inject'; fault: string }
  /**
   * Injects the faults of `schedule`, each at its moments and all beside each other, and those of `inOrder` one after
   * the other from the beginning, while the plan's invariants are checked. Over when all faults are.
   */
  | { do: 'run-schedule'; inOrder: string[]; schedule: ScheduledFault[] }
  | { do: 'heal'; fault: string }
  /** Asks the three witnesses of a guest (SSH, serial console, QMP) whether it lives. */
  | { do: 'observe-guest'; guest: string; moment: Moment }
  /** What a VM manager does on the `internal-error` stop: `system_reset`, `cont`, then as `await-guest`. */
  | { do: 'reset-stopped-guest'; guest: string }
  | { do: 'unplug'; guest: string; function: string }
  /** Ends when the function works in the guest: driver bound, link configured. */
  | { do: 'plug'; guest: string; function: string }
  /** Takes a function from the host's driver; takes it out of the kernel. */
  | { do: 'unbind'; function: string }
  | { do: 'remove'; function: string }
  /** Starts the program that owns the raced function, and the neighbour's, their vectors 0 on CPU1. */
  | { do: 'own-function' }
  /** Interrupts are raised some times, each waited for: the raced function's and its neighbour's; at the end, of whoever is left. */
  | { do: 'raise-interrupts'; moment: Moment }
  | { do: 'force-race' }
  /** Until CPU1 has taken whatever was sent to it: what is not handled then is lost. */
  | { do: 'await-interrupt' }
  | { do: 'inject-interrupt' }
  | { do: 'run'; on: string; command: string }
  /** Kernel logs, `/proc/interrupts`, lspci and versions of every machine that still answers. */
  | { do: 'collect' };
