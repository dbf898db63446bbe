/**
 * Snapshots: a machine as it stands, in two files, from which any number of machines go on. The memory is a file that
 * the machine which is saved has mapped (`shared`); those that are restored map it privately, so that nothing is
 * copied before it is written to: a restore takes 0.2 s, whatever the memory's size. The rest, what QEMU calls the
 * state of its devices, is written by a migration to a file; `x-ignore-shared` (migration/ram.c,
 * migrate_ram_is_ignored()) leaves the memory out of it.
 *
 * What a snapshot loses is the reason for what is refused: nvme says itself that it cannot be migrated; a VF of igb
 * does not say so, and comes back deaf (quirks nvme-no-migration, igbvf-no-migration-state).
 */
import { isKnownError, LabBrokeError, UsageError } from '../errors.ts';
import { type RunningMachine, type StartOptions, startMachine } from './machine.ts';
import type { QmpClient } from './qmp.ts';
import type { QuirkId } from './quirk.ts';
import { quirks } from './quirks.ts';
import type { MachineSpec } from './spec.ts';
import { allDevices } from './topology.ts';

/** Paths of the two files. Neither may change while a machine restored from it runs. */
export interface Snapshot {
  memory: string;
  state: string;
}

/** On top of QEMU's start: the state of many devices is some 100 KB. */
const budgetMs = 30_000;

/** @throws {UsageError} `SNAPSHOT_REFUSED`: before anything is started, as far as the spec tells. */
export function refuseUnsavable(spec: MachineSpec): void {
  const device = allDevices(spec).find(({ kind }) => kind === 'nvme');
  if (device) throw refused(spec, `it has the nvme controller "${device.id}"`, 'nvme-no-migration');
  const passed = allDevices(spec).find(({ kind }) => kind === 'vfio-pci');
  if (passed) throw refused(spec, `"${passed.id}" is passed through: its state is not QEMU's`);
  // Each node has a memory of its own.
  if ((spec.numaNodes ?? 1) > 1) throw refused(spec, 'it has several NUMA nodes');
}

/** For whoever knows of VFs, which the spec does not tell: they exist when the kernel has made them. */
export function refuseVfs(spec: MachineSpec): UsageError {
  return refused(spec, 'VFs exist', 'igbvf-no-migration-state');
}

function refused({ name }: MachineSpec, why: string, quirk?: QuirkId): UsageError {
  const what = quirks.find(({ id }) => id === quirk)?.what;
  return new UsageError(`no snapshot of machine ${name}: ${why}${what ? ` (quirk ${quirk}: ${what})` : ''}`, {
    code: 'SNAPSHOT_REFUSED',
    next: 'Take it before that device is there.',
  });
}

/**
 * What a machine must be started with to be saved. QEMU would save its run state too, and not take `debug` back, which
 * is that of a machine at a breakpoint (system/runstate.c, runstate_transitions_def).
 */
export function savable(memory: string): Pick<StartOptions, 'memory' | 'extraArgs'> {
  return {
    memory: { file: memory, shared: true },
    extraArgs: ['-global', 'migration.store-global-state=off'],
  };
}

/**
 * Saves a machine that stands still and was started with {@link savable}; it is of no use afterwards.
 * @throws {LabBrokeError} `SNAPSHOT_FAILED`
 */
export async function saveMachine(
  { qmp, spec }: RunningMachine,
  state: string,
  signal: AbortSignal,
): Promise<void> {
  await migrate(spec, qmp, 'migrate', state, signal);
}

/**
 * A machine as it was saved, standing still; `spec` and `accel` are those it was saved with.
 * @throws {LabBrokeError} `SNAPSHOT_FAILED`; what starting a machine throws
 */
export async function restoreMachine(
  spec: MachineSpec,
  { memory, state }: Snapshot,
  options: StartOptions & { signal: AbortSignal },
): Promise<RunningMachine> {
  const machine = await startMachine(spec, {
    ...options,
    paused: true,
    memory: { file: memory, shared: false },
    extraArgs: [...(options.extraArgs ?? []), '-incoming', 'defer'],
  });
  try {
    // A NIC that was moved tells the network so, at moments of the real clock (net/announce.c): this one was not.
    await machine.qmp.execute('migrate-set-parameters', { 'announce-rounds': 0 }, options.signal);
    await migrate(spec, machine.qmp, 'migrate-incoming', state, options.signal);
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

async function migrate(
  { name }: MachineSpec,
  qmp: QmpClient,
  command: 'migrate' | 'migrate-incoming',
  state: string,
  signal: AbortSignal,
): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)]);
  const capabilities = ['x-ignore-shared', 'events'].map((capability) => ({ capability, state: true }));
  await qmp.execute('migrate-set-capabilities', { capabilities }, bounded);
  const mark = qmp.mark();
  let why: string;
  let lastLines: readonly string[] = [];
  try {
    await qmp.execute(command, { uri: `file:${state}` }, bounded);
    const { data } = await qmp.waitForEvent('MIGRATION', {
      from: mark,
      where: (event) => ['completed', 'failed'].includes(event.data.status),
      signal: bounded,
    });
    if (data.status === 'completed') return;
    why = (await qmp.execute('query-migrate', undefined, bounded))['error-desc'] ?? 'QEMU does not say why';
  } catch (error) {
    signal.throwIfAborted();
    why = bounded.aborted ? `no answer within ${budgetMs} ms` : (error as Error).message;
    lastLines = isKnownError(error) ? error.lastLines : [];
  }
  throw new LabBrokeError(
    `machine ${name} could not be ${command === 'migrate' ? 'saved to' : 'restored from'} ${state}: ${why}`,
    {
      code: 'SNAPSHOT_FAILED',
      next: 'Is there room where the cache is? A damaged snapshot can be removed.',
      lastLines,
    },
  );
}
