/** What a quirk of the emulator is, how one is recognised, and the names of all: the table is `quirks.ts`. */
import type { Accelerator, MachineSpec } from './spec.ts';

export interface Quirk {
  id: QuirkId;
  /** One sentence: what goes wrong. */
  what: string;
  /** QEMU versions and commits, as far as known. */
  versions: string;
  /** Where it comes from, if that is known and more than a commit says: QEMU's file and function. */
  cause?: string;
  /** How it is avoided, or how it is recognised where it cannot be. */
  avoidedBy: string;
  /** What it would break, in words of a lab. */
  affects: string;
  /** Whether the workaround belongs into this machine's command line. Absent: nothing to put there. */
  applies?: (spec: MachineSpec, accel: Accelerator['kind']) => boolean;
  /** Recognises the quirk in a line of QEMU's stderr. */
  stderr?: RegExp;
  /** Recognises it in a line of the kernel's console. */
  console?: ConsoleSign;
  /** The same in a guest inside the host. */
  guestConsole?: ConsoleSign;
}

/** A line that tells of a quirk, under this accelerator, and on machines of so many CPUs or more. */
export interface ConsoleSign {
  line: RegExp;
  accel: Accelerator['kind'];
  cpus?: number;
}

export const quirkIds = [
  'vf-bar-address',
  'root-port-link-active',
  'acpi-hotplug-hides-slot',
  'tcg-single-thread-nested-hang',
  'icount-block-io',
  'icount-full-console',
  'icount-stop-skips-time',
  'icount-stop-runs-on',
  'restored-waits-for-cpu0',
  'tcg-iotlb-assertion',
  'tcg-stale-breakpoint',
  'tcg-lost-timer',
  'tcg-late-timer-check',
  'tcg-nested-cpu-stuck',
  'igbvf-no-migration-state',
  'nvme-no-migration',
  'nvme-kept-when-pulled',
  'heap-corrupted',
  'kvm-opens-but-runs-nothing',
  'igb-sends-no-errors',
  'qboot-leaves-serr-off',
  'iommu-remapping-needs-split-irqchip',
  'amd-iommu-deaf-ioapic',
] as const;
export type QuirkId = (typeof quirkIds)[number];
