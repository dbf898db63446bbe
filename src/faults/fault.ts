/**
 * What a kind of fault is. Its folder has four files: `schema.ts` (how a lab writes it, and its words), `inject.ts`,
 * `prove.ts` and `heal.ts`; a line in `schema.ts` here makes it known to labs, and one in `index.ts` to the runner.
 */
import type { HarnessEvent, PciFunctionRecord, UntimedEvent } from '../evidence/record.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import type { NestedGuest } from '../guest/nested.ts';
import type { SysfsFunction } from '../guest/pci.ts';
import type { VariantPlan } from '../lab/plan.ts';
import type { MachineConsole } from '../machine/console.ts';
import type { RunningMachine } from '../machine/machine.ts';

/**
 * A kind as the runner sees it. `S` is what one injection remembers for its proof and its healing. Nothing here
 * judges: what was seen goes on record, by {@link FaultContext.event} and the returned proofs.
 */
export interface FaultKind<F, S> {
  /**
   * Does it, and returns when it has had its effect, or after a bound that is on record. Of a fault that lasts:
   * starts it, and returns when it runs.
   */
  inject(fault: F, ctx: FaultContext, signal: AbortSignal): Promise<S>;
  /** Ends one that lasts. */
  stop?(fault: F, state: S, ctx: FaultContext, signal: AbortSignal): Promise<void>;
  /** Evidence that it took effect, never its own exit code. Asked for once, after it is over. */
  prove(fault: F, state: S, ctx: FaultContext, signal: AbortSignal): Promise<Proof>;
  /** Puts back what its injections changed, and shows that it is back. Runs in the phase `heal`. */
  heal(fault: F, states: readonly S[], ctx: FaultContext, signal: AbortSignal): Promise<Proof>;
}

export interface Proof {
  proved: boolean;
  /** What was seen, or what was missed; for people. */
  because: string[];
  /** What was measured: `{ moves: 1204, seconds: 30.1 }`. */
  measured?: Record<string, number>;
}

/** What a fault may use of the run. */
export interface FaultContext {
  /** Of the fault in the lab. */
  id: string;
  /** Number of this injection of it, from 0. */
  occurrence: number;
  plan: VariantPlan;
  host: LinuxMachine;
  /** The host's console; of a real host, its kernel log. */
  hostSerial: MachineConsole;
  /** The host's QEMU: its QMP and gdb stub. @throws LabBrokeError HOST_NOT_EMULATED */
  readonly hostMachine: RunningMachine;
  /** `host` or a guest; undefined while it does not answer. */
  machine: (name: string) => LinuxMachine | undefined;
  /** @throws LabBrokeError PLAN_ORDER when it has not been started. */
  guest: (id: string) => NestedGuest;
  /** Functions of the host by plan name, as last read. */
  functions: ReadonlyMap<string, PciFunctionRecord>;
  /** All functions of the host, of the same reading. */
  sysfs: readonly SysfsFunction[];
  /** Reads both anew, and puts them on record. */
  refreshFunctions: (signal: AbortSignal) => Promise<void>;
  /** BDF of a function on the host. @throws LabBrokeError FUNCTION_MISSING */
  bdfOf: (name: string) => string;
  /** Where a machine sees a function that it owns; undefined when it is not there. */
  bdfOn: (machine: string, name: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Seconds of the harness's clock since the variant began. */
  now: () => number;
  event: (event: UntimedEvent) => void;
  /** Writes a whole file of the run folder. */
  file: (name: string, content: string) => void;
  /** Puts on record that it was injected, at `t0`; `output` is what the injector said. */
  injected: (via: Injected['via'], t0: number, output: string) => void;
  /** A budget at reference speed → milliseconds on this machine. */
  scaled: (budgetMs: number) => number;
  /** Waits for what may fail to come, up to a budget at reference speed; then undefined. */
  within: <T>(
    budgetMs: number,
    signal: AbortSignal,
    wait: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T | undefined>;
  /** The run's own chance, 0 ≤ x < 1: the same seed gives the same numbers for this injection. */
  random: () => number;
}

type Injected = Extract<HarnessEvent, { kind: 'injected' }>;
