/** What the actions of one variant share: the plan, the record, and the machines as they come to life. */

import { LabBrokeError } from '../errors.ts';
import type { PciFunctionRecord } from '../evidence/record.ts';
import type { SshKey } from '../guest/key.ts';
import type { LinuxMachine } from '../guest/linux.ts';
import type { NestedGuest } from '../guest/nested.ts';
import type { SysfsFunction } from '../guest/pci.ts';
import type { MatrixReader } from '../introspect/matrix.ts';
import type { VariantPlan } from '../lab/plan.ts';
import type { MachineConsole } from '../machine/console.ts';
import type { RunningMachine } from '../machine/machine.ts';
import type { Accelerator } from '../machine/spec.ts';
import type { Speed } from '../machine/speed.ts';
import type { RealHost } from '../real-host/real-host.ts';
import type { FunctionOwner } from './function-owner.ts';
import type { KernelFacts } from './inspect.ts';
import type { LaunchFiles } from './launch-files.ts';
import type { VariantRecord } from './record.ts';

export interface RunningHost {
  linux: LinuxMachine;
  /** Its serial console; of a real host, its kernel log. */
  serial: MachineConsole;
  /** Its QEMU. @throws LabBrokeError HOST_NOT_EMULATED for a real host, whose plan should have been refused */
  readonly machine: RunningMachine;
}

export interface VariantContext {
  plan: VariantPlan;
  record: VariantRecord;
  accelerator: Accelerator;
  files: LaunchFiles;
  key: SshKey;
  /** Undone in reverse order, whatever happens. */
  cleanup: AsyncDisposableStack;
  /** As measured by the host's boot. */
  speed: Speed;
  /** A budget at reference speed → milliseconds on this machine, as measured so far. */
  scaled: (budgetMs: number) => number;
  /** Ends the variant at once when the host panics. */
  watchHost: (machine: RunningMachine) => void;
  /** The same for a guest that has started. */
  watchGuest: (guest: NestedGuest) => void;
  /** Tells how long the host took to boot, from which the speed follows. */
  hostBooted: (ms: number) => void;
  nextNonce: () => number;
  host?: RunningHost;
  /** Where the host is not to be booted but taken over. */
  realHost?: RealHost;
  /** Our files on a real host. */
  hostFolder?: string;
  /** Tells that something is not as it was after all was undone. */
  leftBehind: (error: LabBrokeError) => void;
  guests: Map<string, NestedGuest>;
  /** Read from the host when its memory is looked into first. */
  kernelFacts?: KernelFacts;
  /** Made at the first snapshot of the vector matrix. */
  matrixReader?: MatrixReader;
  /** Where the plan has a race: the programs that own its functions, by the functions' names. */
  functionOwners: Map<string, FunctionOwner>;
  /** Host functions by plan name, as last read from sysfs. */
  functions: Map<string, PciFunctionRecord>;
  /** All functions of the host, of the same reading. */
  sysfs: SysfsFunction[];
  /** What each injection of a fault remembers for its healing, by the fault's name. */
  injections: Map<string, unknown[]>;
}

export function hostOf(ctx: VariantContext): RunningHost {
  if (ctx.host) return ctx.host;
  throw new LabBrokeError('the host is not running yet: the plan lacks `boot-host`', { code: 'PLAN_ORDER' });
}

export function guestOf(ctx: VariantContext, id: string): NestedGuest {
  const guest = ctx.guests.get(id);
  if (guest) return guest;
  throw new LabBrokeError(`${id} does not run, so nothing can be done to it`, { code: 'GUEST_NOT_RUNNING' });
}

/** `host` or a guest, if it has been reached by SSH. */
export function machineOf(ctx: VariantContext, name: string): LinuxMachine | undefined {
  return name === 'host' ? ctx.host?.linux : ctx.guests.get(name)?.linux;
}

/** The same, unless it is known not to answer: a hanging guest is not asked again, which only costs time. */
export function answering(ctx: VariantContext, name: string): LinuxMachine | undefined {
  const machine = machineOf(ctx, name);
  const hangs = ctx.guests.get(name)?.alive === false;
  return machine && !machine.ssh.isLost && !hangs ? machine : undefined;
}
