/**
 * What the runner writes into a run folder, and what the verdict reads back: the contract between the two.
 * Nothing is judged from memory; a stored folder gives the same verdict again.
 *
 *     <run>/run.json                    versions, environment, the lab file's text
 *     <run>/<variant>/plan.json         the VariantPlan
 *     <run>/<variant>/events.ndjson     HarnessEvent, one a line, in order of `t`
 *     <run>/<variant>/host.serial       console, see below
 *     <run>/<variant>/host.stderr       QEMU's stderr, same line format
 *     <run>/<variant>/host.qmp          QMP traffic, one JSON object a line: { t, dir: 'in'|'out', msg }
 *     <run>/<variant>/host.dmesg        `dmesg --raw`-like text of the whole ring, collected at the end
 *     <run>/<variant>/host.tasks        after a breakdown: every process of the host with its kernel stack
 *     <run>/<variant>/host.trace        ftrace text after the last fault: error handlers entered, and their answers
 *     <run>/<variant>/host.qemu-trace   trace events of the host's QEMU, as QEMU wrote them (MachineSpec.trace)
 *     <run>/<variant>/storms/<fault>.<n>   looks at an interrupt line during a storm (line-samples.ts)
 *     <run>/<variant>/<guest>.{serial,stderr,qmp,dmesg}
 *     <run>/<variant>/host.vectors      where the plan has disks, a ledger or accounts: ftrace text of `irq_matrix:*` and `irq_vectors:*` since boot
 *     <run>/<variant>/snapshots/<moment>.<machine>.{interrupts,lspci}
 *     <run>/<variant>/snapshots/<moment>.<machine>.virtio   one VirtioDeviceRecord a line (virtio-devices.ts)
 *     <run>/<variant>/snapshots/<moment>.<machine>.inventory   what its kernel keeps of its PCI devices (inventory.ts)
 *     <run>/<variant>/snapshots/<moment>.<machine>.matrix   a MatrixSnapshot as JSON (matrix-snapshot.ts)
 *
 * All times `t` are seconds of the harness's monotonic clock since the variant began, with six decimals.
 * A console or stderr line is `<t> <raw bytes of the line>`, where t is when its newline arrived; removing the
 * prefixes gives back every byte.
 */

export interface PciFunctionRecord {
  /** Plan name: `nic0`, `nic0.vf1`, or a port's qdev id. */
  name: string;
  /** 0000:01:10.2 */
  bdf: string;
  /** BDF of the port above it, absent on the root bus. */
  parent?: string;
  vendor: string;
  device: string;
  /** Bound driver, if any. */
  driver?: string;
  owner: string;
  isVf: boolean;
  hasAer: boolean;
}

/** AER and root-port registers, read by `setpci`/sysfs config space; hexadecimal words. */
export interface AerRegisters {
  bdf: string;
  uncorStatus: number;
  uncorMask: number;
  uncorSeverity: number;
  corStatus: number;
  corMask: number;
  headerLog: [number, number, number, number];
  /** Root error status, of the port above. */
  rootStatus?: number;
  rootBdf?: string;
  /** PCI Express device status register. */
  deviceStatus: number;
  /** The kernel's own statistics of the device: totals of sysfs `aer_dev_{correctable,nonfatal,fatal}`. */
  counters: AerCounters;
  /** Those of the root port: sysfs `aer_rootport_total_err_{cor,nonfatal,fatal}`. */
  rootCounters?: AerCounters;
}

export interface AerCounters {
  correctable: number;
  nonFatal: number;
  fatal: number;
}

/** What `probe-intx` found of a function's INTx. */
export interface IntxProbe {
  bdf: string;
  driver?: string;
  /** Four hexadecimal digits each. */
  vendor: string;
  device: string;
  /** PCI_INTERRUPT_PIN: 1 to 4, or 0 for none. */
  pin: number;
  /** sysfs `irq` once the kernel has routed the pin. */
  irq: number;
  /** The same before: what the firmware wrote. */
  firmwareIrq: number;
  /** MSI is on, so that `irq` is that of its first message. */
  msi: boolean;
  /** PCI_COMMAND before DisINTx (0x400) was set, then, and after it was taken back. */
  command: { before: number; set: number; after: number };
}

/** An interrupt line as the kernel counts it. */
export interface LineReading {
  /** Of /proc/interrupts, all CPUs together. The calls of a poll are not among them. */
  interrupts: number;
  /** /proc/irq/N/spurious */
  count: number;
  unhandled: number;
  /** What its handlers returned since they were counted (`irq:irq_handler_exit`), the calls of a poll included. */
  returned: { none: number; handled: number; wake: number };
}

export type SnapshotKind = 'interrupts' | 'lspci' | 'virtio' | 'matrix' | 'inventory';

export type HarnessEvent = { t: number } & (
  | { kind: 'phase'; phase: string; state: 'begin' | 'end'; title: string; budgetMs?: number }
  /** The guest's kernel wrote marker `id` into its log between t0 and t1: two sides of the clock offset. */
  | { kind: 'clock-marker'; machine: string; id: string; t0: number; t1: number }
  /** Wall clock of a machine (ms since 1970) read between t0 and t1. */
  | { kind: 'wall-clock'; machine: string; unixMs: number; t0: number; t1: number }
  | {
      kind: 'versions';
      machine: string;
      kernelRelease: string;
      kernelVersion: string;
      qemu?: string;
      accelerator?: 'kvm' | 'tcg';
    }
  | { kind: 'functions'; machine: string; functions: PciFunctionRecord[] }
  | { kind: 'command'; machine: string; command: string; t0: number; exitCode: number | null; output: string }
  | {
      kind: 'traffic';
      id: string;
      from: string;
      over: string;
      moment: string;
      sent: number;
      received: number;
      output: string;
      t0: number;
      /** Reads of 4 KiB that were made one after the other, and how long they took by the machine's own clock. */
      reads?: { count: number; seconds: number };
    }
  /** Traffic that was kept up while faults were injected, from `t0` for `seconds`. */
  | {
      kind: 'load';
      id: string;
      from: string;
      over: string;
      sent: number;
      received: number;
      seconds: number;
      output: string;
      t0: number;
    }
  /** /proc/irq/default_smp_affinity: a mask as the kernel prints it, hexadecimal. */
  | { kind: 'default-affinity'; machine: string; moment: string; mask: string; t0: number }
  | ({ kind: 'intx-probe'; machine: string; function: string; t0: number } & IntxProbe)
  /** vfio-pci as it is loaded on the host. */
  | { kind: 'intx-policy'; machine: string; nointxmask: boolean }
  /** A guest's QEMU was started; one that ended at once said why on its stderr, which is kept. */
  | { kind: 'guest-start'; machine: string; started: boolean; exitCode?: number; t0: number }
  /** Disks that were read, of those that have a block device. `failed` are block devices: `vda`. */
  | { kind: 'disks-read'; machine: string; moment: string; worked: number; failed: string[]; t0: number }
  | { kind: 'registers'; fault: string; stage: 'before' | 'after' | 'healed'; registers: AerRegisters }
  /** A schedule of faults: its moments count from `begin`. */
  | { kind: 'schedule'; state: 'begin' | 'end'; seed?: number }
  /** `occurrence` counts the injections of one fault from 0, which is also what is meant where it is absent. */
  | {
      kind: 'injected';
      fault: string;
      occurrence?: number;
      /** What did it: the kernel's own means, QEMU, a program inside the machine. */
      via: 'kernel' | 'qemu' | 'program';
      t0: number;
      /** When the schedule wanted it, in milliseconds since its begin. */
      plannedMs?: number;
      output: string;
    }
  /** A fault that lasts was told to end, at `t0`, and has. */
  | { kind: 'fault-stopped'; fault: string; occurrence: number; t0: number }
  /** Of one injection, or (`healed`, without `occurrence`) of all of them. */
  | {
      kind: 'proof';
      fault: string;
      occurrence?: number;
      stage: 'injected' | 'healed';
      proved: boolean;
      because: string[];
      measured?: Record<string, number>;
    }
  /** The race is about to begin: which interrupt it is about, and on which CPU's vector that is. */
  | {
      kind: 'race';
      title: string;
      function: string;
      irq: number;
      cpu: number;
      vector: number;
      /** The name of its action. */
      action: string;
      /** Who is given its vector in the race; then the interrupts are about that one. */
      neighbour?: { function: string; irq: number };
      /** Steps of its schedule; 0 where nobody is held. */
      steps: number;
    }
  /** One step of a schedule (src/director/drive.ts), or none of it: then `done` is false. */
  | {
      kind: 'race-step';
      step: number;
      verb: string;
      cpu?: string;
      done: boolean;
      text: string;
      note?: string;
      /** Of a step that did not come about: where each CPU stood. */
      stands?: { cpu: string; rip: string }[];
    }
  /** What the owner of the raced function counts since it has it. `timeouts`: given up, and acknowledged all the same. */
  | {
      kind: 'interrupts';
      function: string;
      moment: string;
      raised: number;
      handled: number;
      /** Those of `handled` that nobody had raised. */
      spurious?: number;
      switches: number;
      injected: number;
      timeouts: number;
      t0: number;
    }
  /** One check of an invariant, asked at `t0`. `answer` is what was seen; `late`: nothing, in the time that it had. */
  | { kind: 'invariant'; id: string; held: boolean; late?: true; answer: string; t0: number }
  /** `samples`: the file of the looks at the line between this reading and the one before. */
  | ({
      kind: 'irq-line';
      machine: string;
      fault: string;
      irq: number;
      moment: string;
      samples?: string;
    } & LineReading)
  | {
      kind: 'snapshot';
      machine: string;
      what: SnapshotKind;
      moment: string;
      file: string;
      t0: number;
      /** How long the machine stood still for it, where it was read through the gdb stub. */
      stoppedMs?: number;
      /** The marker that was written behind it: what the trace has up to there may have happened before it. */
      until?: string;
    }
  /** One witness asked whether a guest lives. `answer` is its own words. */
  | {
      kind: 'witness';
      machine: string;
      witness: 'ssh' | 'serial' | 'qmp';
      moment: string;
      alive: boolean;
      answer: string;
      t0: number;
    }
  | { kind: 'remedy'; step: string; machine: string; state: 'begin' | 'end'; detail: string }
  /** The variant could not be carried out to its end. */
  | { kind: 'broke'; code: string; message: string; phase: string }
  | { kind: 'note'; text: string }
);
export type HarnessEventKind = HarnessEvent['kind'];

/** A harness event without its time, as those who report it give it; `K` narrows the kinds. */
export type UntimedEvent<K extends HarnessEventKind = HarnessEventKind> = HarnessEvent extends infer E
  ? E extends HarnessEvent & { kind: K }
    ? Omit<E, 't'>
    : never
  : never;
