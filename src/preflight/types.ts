/** What a preflight looks at and what it says. Everything is plain data: `--json` prints it as it is. */
import type { Fate, IntxFunction } from '../model/intx/foresee.ts';

/** Where it was read: a file with its line, or a file of sysfs. */
export interface Source {
  file: string;
  /** 1-based; absent in sysfs. */
  line?: number;
}

export interface Subject extends IntxFunction {
  title?: string;
  driver?: string;
  /** Why `irq` is not known although a number was read. */
  lineUnknown?: 'msi' | 'not-routed';
  at: Source;
}

export interface LineUse {
  irq: number;
  /** As /proc/interrupts names them, in the order of request. */
  actions: readonly string[];
  edge: boolean;
  at: Source;
}

export interface Inventory {
  functions: readonly Subject[];
  lines: readonly LineUse[];
  /** vfio-pci's parameter; absent: nothing says. */
  nointxmask?: boolean;
  /** `uname -r`, absent: nothing says. */
  release?: string;
  /** The lines were read: without them no holder is known. */
  linesRead: boolean;
}

/** A VM and what it is to be given, in the order of its command line. BDFs with domain. */
export interface Assignment {
  vm: string;
  bdfs: readonly string[];
}

export interface Collision {
  vm: string;
  bdf: string;
  irq: number;
  /** `0000:04:00.0` or `uhci_hcd:usb1`. */
  holder: string;
  /** VM of this list that holds it by then; absent: somebody has it already. */
  holderVm?: string;
  /** One sentence each. */
  because: string[];
  /** The line that the kernel would print; its second flags are a guess where a host driver is the holder. */
  message: string;
  remedies: { what: string; cost: string }[];
  at: Source[];
}

export interface Doubt {
  vm: string;
  bdf: string;
  why: string;
  /** A command that would tell. */
  collect: string;
}

export interface Preflight {
  /** `collides`: a VM will not start. `unknown`: none is seen to fail, and that cannot be ruled out. */
  answer: 'collides' | 'clear' | 'unknown';
  fates: readonly Fate[];
  collisions: readonly Collision[];
  doubts: readonly Doubt[];
  /** Functions that run in a VM already: their lines are taken. */
  running: readonly string[];
  notes: readonly string[];
}
