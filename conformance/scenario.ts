/** What a recording is made of: a machine, and what is done to its interrupts. Plain data. */
import type { PciSlot } from '../src/machine/spec.ts';

export interface Scenario {
  /** Also part of the recording's file name. */
  name: string;
  title: string;
  cpus: number;
  /** IR: moves are made at once and in the writer's context (arch/x86/kernel/apic/vector.c, MSI without it: at the next interrupt). */
  interruptRemapping: boolean;
  devices: PciSlot[];
  /** More words for the kernel. */
  words?: readonly string[];
  memoryMiB?: number;
  /** Ring of each CPU. A recording whose ring overflowed is thrown away, so it must be large enough. */
  ringKiB: number;
  /** Recorded only when named: takes minutes. */
  onlyWhenNamed?: true;
  steps: readonly Step[];
}

export type Step =
  /** A shell command in the machine; `limitSeconds` (60) is of the reference machine. Its failures are part of the stir. */
  | { sh: string; limitSeconds?: number }
  /** QMP `device_add` of a virtio-blk disk without a medium below a root port, and `device_del`. */
  | { plug: string; port: string; queues: number }
  | { unplug: readonly string[] }
  | { times: number; steps: readonly Step[] };

/** Steps one after the other, `times` times. */
export function repeat(times: number, ...steps: Step[]): Step {
  return { times, steps };
}
