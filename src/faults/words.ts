/** A kind of fault as a lab sees it: pure, for it is used before anything runs. */
import type { z } from 'zod';

export interface FaultWords<F> {
  schema: z.ZodType<F>;
  /** It goes on until it is stopped, so that a lab has to say how long: `during`. Else it happens at a moment. */
  lasts: boolean;
  /** It chooses by chance what it does, so that its run needs a seed. */
  draws: boolean;
  /** What an injection may take at reference speed, besides the half minute that all get. */
  seconds?: number;
  /** In a few words: `non-fatal CmpltAbrt on nic0`. */
  says: (fault: F) => string;
  /** What does it: `the kernel's aer_inject`. */
  by: (fault: F) => string;
  /** What does not fit the rest of the lab; `key` is one of the fault's own. */
  check: (fault: F, lab: LabNames) => Iterable<{ key: string; message: string }>;
  /** Modules that the host has to load for it. */
  hostModules?: (fault: F) => string[];
}

/** The names in a lab that a fault may speak of. */
export interface LabNames {
  functions: readonly NamedFunction[];
  ports: readonly string[];
  guests: readonly string[];
  /** The port that a device sits behind. */
  portOf: (device: string) => string;
  /** CPUs of the host, as the lab has it, or of a guest. */
  cpusOf: (machine: string) => number;
  /** `unknown target "nic1" (did you mean "nic0"?)` */
  unknown: (what: string, name: string, known: readonly string[]) => string;
}

/** A function of the lab, as far as a fault asks. */
export interface NamedFunction {
  /** `nic0` or `nic0.vf1` */
  name: string;
  device: string;
  /** Of its device. */
  kind: string;
  /** Number of the VF; absent for the PF. */
  vf?: number;
  /** `host`, a guest, or undefined for a function that nobody was given. */
  owner: string | undefined;
  /** Driver on the host; `none` for a function that stays unbound. */
  driver: string;
}
