/** Where every run of a hunt begins: a machine booted and prepared once, saved, and kept in the cache. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabBrokeError, UsageError } from '../../errors.ts';
import { type HuntPlan, huntLines, snapshotFunction, symbolsIn, tickFunction } from '../../hunt/script.ts';
import {
  type BuildContext,
  moveIntoPlace,
  readJson,
  withLock,
  withTempDirectory,
} from '../../images/cache.ts';
import { qemuArgs } from '../../machine/args.ts';
import { type RunningMachine, startMachine } from '../../machine/machine.ts';
import { qemuVersion } from '../../machine/qemu-version.ts';
import { recordToMemory } from '../../machine/record.ts';
import { refuseUnsavable, refuseVfs, type Snapshot, savable, saveMachine } from '../../machine/snapshot.ts';
import type { MachineSpec } from '../../machine/spec.ts';

export interface Ground {
  /** Names this very snapshot: runs of the same seed on the same ground are the same. */
  id: string;
  spec: MachineSpec;
  snapshot: Snapshot;
  /** Addresses of the plan's points and of the functions that the harness needs. */
  symbols: ReadonlyMap<string, bigint>;
}

/** Part of every id: raise it when the same inputs would give another snapshot. */
const formatVersion = 2;

/** A boot of a deterministic machine, at reference speed 10 s, on one that is slow and busy. */
const bootBudgetMs = 300_000;

/**
 * @param spec deterministic, its files real, its script on the command line
 * @throws {UsageError} `SNAPSHOT_REFUSED`, `NOT_DETERMINISTIC`, `NO_SUCH_POINT` · {LabBrokeError} `HUNT_UNPREPARED`,
 * `SNAPSHOT_FAILED`, `DEADLINE`, and what starting a machine throws
 */
export async function makeGround(context: BuildContext, spec: MachineSpec, plan: HuntPlan): Promise<Ground> {
  refuseUnsavable(spec);
  const { text: qemu } = await qemuVersion(undefined, context.signal);
  const files = await Promise.all([spec.kernel, spec.initrd].map(identity));
  const args = qemuArgs(spec, { accel: 'tcg' });
  const id = createHash('sha256')
    .update(JSON.stringify([formatVersion, qemu, files, args]))
    .digest('hex')
    .slice(0, 20);
  const place = join(context.cache, 'snapshots', id);
  return await withLock(context, `snapshot-${id}`, async () => {
    const kept = await findGround(place, id, spec);
    if (kept) return withPoints(kept, plan);
    await rm(place, { recursive: true, force: true });
    await removeUnused(join(context.cache, 'snapshots'));
    await withTempDirectory(context, async (dir) => {
      context.onProgress('Booting once, to learn where the points are');
      const symbols = await learnSymbols(spec, context.signal);
      context.onProgress('Booting again, and saving the machine before its work');
      const made = join(dir, 'snapshot');
      await mkdir(made);
      await saveAt(spec, symbols.get(snapshotFunction)!, placeOf(made), context.signal);
      const addresses = [...symbols].map(([name, address]) => [name, `0x${address.toString(16)}`]);
      await writeFile(join(made, 'symbols.json'), JSON.stringify(addresses));
      await moveIntoPlace(made, place);
    });
    const made = await findGround(place, id, spec);
    if (!made) throw new Error(`snapshot ${id} is not where it was put`);
    return withPoints(made, plan);
  });
}

function placeOf(folder: string): Snapshot {
  return { memory: join(folder, 'memory'), state: join(folder, 'state') };
}

/** The cache's files are content-addressed, a user's kernel is not: its size and time tell one build from the next. */
async function identity(path: string): Promise<unknown> {
  const { size, mtimeMs } = await stat(path);
  return [path, size, mtimeMs];
}

async function findGround(place: string, id: string, spec: MachineSpec): Promise<Ground | undefined> {
  const symbols = (await readJson(join(place, 'symbols.json'))) as [string, string][] | undefined;
  if (!symbols) return undefined;
  // The time of last use.
  await utimes(place, new Date(), new Date());
  const byName = new Map(symbols.map(([name, address]) => [name, BigInt(address)]));
  return { id, spec, snapshot: placeOf(place), symbols: byName };
}

/** A snapshot is some 500 MB: a week without use, and it is gone. A lab that is hunted again makes it anew. */
const keepMs = 7 * 24 * 3600 * 1000;

async function removeUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info && info.mtimeMs < Date.now() - keepMs)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

function withPoints(ground: Ground, { points }: HuntPlan): Ground {
  const missing = points.filter((name) => !ground.symbols.has(name));
  if (missing.length === 0) return ground;
  throw new UsageError(`this kernel has no function ${missing.join(', ')}`, {
    code: 'NO_SUCH_POINT',
    next: 'Look it up in /proc/kallsyms: it may be inlined, or have another name in this kernel.',
  });
}

/** One boot to the snapshot's place and past it: what the machine says of its symbols. */
async function learnSymbols(spec: MachineSpec, signal?: AbortSignal): Promise<Map<string, bigint>> {
  const record = recordToMemory();
  const bounded = bootSignal(signal);
  await using machine = await startMachine(spec, { accel: 'tcg', record, signal: bounded });
  await prepared(machine, bounded);
  const lines = consoleLines(record.text('serial'));
  if (lines.some((line) => huntLines.vf.test(line))) throw refuseVfs(spec);
  const symbols = symbolsIn(lines);
  for (const name of [snapshotFunction, tickFunction])
    if (!symbols.has(name))
      throw new LabBrokeError(`the kernel has no function ${name}, which a hunt needs`, {
        code: 'HUNT_UNPREPARED',
        lastLines: lines.slice(-10),
      });
  return symbols;
}

/**
 * The console's text without the harness's stamps: what two runs are compared by.
 * @param last its last line: how much is said afterwards, before QEMU ends, nothing determines
 */
export function consoleLines(serial: string, last?: RegExp): string[] {
  const lines = serial.split('\n').map((line) => line.replace(/^\d+\.\d{6} /, '').replace(/\r$/, ''));
  const end = last ? lines.findIndex((line) => last.test(line)) : -1;
  return end < 0 ? lines : lines.slice(0, end + 1);
}

async function prepared({ serial }: RunningMachine, signal: AbortSignal): Promise<void> {
  const { ready, unprepared, panic } = huntLines;
  const any = new RegExp([ready, unprepared, panic].map(({ source }) => source).join('|'));
  const { text } = await serial.waitForLine(any, { from: 'start', signal }).catch((error) => {
    throw signal.aborted ? bootTooLong(serial.lastLines()) : error;
  });
  if (ready.test(text)) return;
  throw unpreparedError(text, serial.lastLines());
}

export function unpreparedError(text: string, lastLines: readonly string[]): LabBrokeError {
  return new LabBrokeError(`the machine did not get ready for its work: ${text.trim()}`, {
    code: 'HUNT_UNPREPARED',
    next: 'The commands of `prepare` have to succeed: the last lines say which did not.',
    lastLines,
  });
}

export function bootTooLong(lastLines: readonly string[]): LabBrokeError {
  return new LabBrokeError(`did not finish: boot of the machine to hunt in, within ${bootBudgetMs} ms`, {
    code: 'DEADLINE',
    lastLines,
  });
}

export function bootSignal(signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(bootBudgetMs), ...(signal ? [signal] : [])]);
}

async function saveAt(
  spec: MachineSpec,
  address: bigint,
  { memory, state }: Snapshot,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bounded = bootSignal(signal);
  await using machine = await startMachine(spec, {
    accel: 'tcg',
    record: recordToMemory(),
    signal: bounded,
    paused: true,
    ...savable(memory),
  });
  await machine.gdb!.hold(async (cpus) => {
    await cpus.setBreakpoint(address);
    const stop = await cpus.run([], bounded);
    if (stop.why === 'asked') throw bootTooLong(machine.serial.lastLines());
    await cpus.clearBreakpoint(address);
    await saveMachine(machine, state, bounded);
    // Before the hold ends: one that goes on writes into the memory that was saved.
    await machine.stop();
  }, bounded);
}
