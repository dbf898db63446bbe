/** Where every run of a hunt begins: a machine booted and prepared once, saved, and kept in the cache. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CodeSymbol, parseCodeSymbols } from '../../director/symbols.ts';
import { LabBrokeError, UsageError } from '../../errors.ts';
import { shifts } from '../../hunt/schedule.ts';
import { boundsFunction, type HuntPlan, huntLines, symbolLines } from '../../hunt/script.ts';
import { type BuildContext, moveIntoPlace, withLock, withTempDirectory } from '../../images/cache.ts';
import { findKernel, KernelMemory } from '../../introspect/kernel-memory.ts';
import { prepareAlarm } from '../../machine/alarm.ts';
import { qemuArgs } from '../../machine/args.ts';
import { type RunningMachine, startMachine } from '../../machine/machine.ts';
import { qemuVersion } from '../../machine/qemu-version.ts';
import { recordToMemory } from '../../machine/record.ts';
import { refuseUnsavable, refuseVfs, type Snapshot, savable, saveMachine } from '../../machine/snapshot.ts';
import type { MachineSpec } from '../../machine/spec.ts';
import { withShift } from '../../machine/state-clock.ts';
import { findStops, neededFunctions, type Stops } from './stops.ts';

export interface Ground {
  /** Names this very snapshot: runs of the same seed on the same ground are the same. */
  id: string;
  spec: MachineSpec;
  /** For each shift that a schedule may ask for. */
  snapshots: ReadonlyMap<number, Snapshot>;
  stops: Stops;
}

/** Part of every id: raise it when the same inputs would give another snapshot. */
const formatVersion = 4;

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
    .update(JSON.stringify([formatVersion, qemu, files, args, plan.points]))
    .digest('hex')
    .slice(0, 20);
  const place = join(context.cache, 'snapshots', id);
  return await withLock(context, `snapshot-${id}`, async () => {
    const kept = await findGround(place, id, spec);
    if (kept) return withPoints(kept);
    await rm(place, { recursive: true, force: true });
    await removeUnused(join(context.cache, 'snapshots'));
    await withTempDirectory(context, async (dir) => {
      context.onProgress('Booting once, to learn where the points are');
      const symbols = await learnSymbols(spec, context.signal);
      context.onProgress('Booting again, and saving the machine before its work');
      const made = join(dir, 'snapshot');
      await mkdir(made);
      const stops = await saveAt(spec, symbols, plan, placeOf(made), context.signal);
      const { shift } = spec.deterministic!;
      const state = await readFile(placeOf(made).state);
      for (const other of shifts)
        if (other !== shift) await writeFile(placeOf(made, other).state, withShift(state, shift, other));
      await writeFile(join(made, 'stops.json'), JSON.stringify(stops, hexBigints));
      await moveIntoPlace(made, place);
    });
    const made = await findGround(place, id, spec);
    if (!made) throw new Error(`snapshot ${id} is not where it was put`);
    return withPoints(made);
  });
}

/** The memory is the same, whatever the clock. */
function placeOf(folder: string, shift?: number): Snapshot {
  const state = shift === undefined ? 'state' : `state-shift${shift}`;
  return { memory: join(folder, 'memory'), state: join(folder, state) };
}

/** No name begins so. */
function bigintsOfHex(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0x') ? BigInt(value) : value;
}

function hexBigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}

/** The cache's files are content-addressed, a user's kernel is not: its size and time tell one build from the next. */
async function identity(path: string): Promise<unknown> {
  const { size, mtimeMs } = await stat(path);
  return [path, size, mtimeMs];
}

async function findGround(place: string, id: string, spec: MachineSpec): Promise<Ground | undefined> {
  const text = await readFile(join(place, 'stops.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const stops: Stops = JSON.parse(text, bigintsOfHex);
  // The time of last use.
  await utimes(place, new Date(), new Date());
  const own = spec.deterministic!.shift;
  const snapshots = new Map(
    [own, ...shifts].map((shift) => [shift, placeOf(place, shift === own ? undefined : shift)]),
  );
  return { id, spec, snapshots, stops };
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

function withPoints(ground: Ground): Ground {
  const { missing } = ground.stops;
  if (missing.length === 0) return ground;
  throw new UsageError(`this kernel has no ${missing.join('; no ')}`, {
    code: 'NO_SUCH_POINT',
    next: 'Look functions up in /proc/kallsyms: one may be inlined, or have another name in this kernel.',
  });
}

/** One boot to the snapshot's place and past it: what the machine says of its symbols. */
async function learnSymbols(spec: MachineSpec, signal?: AbortSignal): Promise<Map<string, CodeSymbol>> {
  const record = recordToMemory();
  const bounded = bootSignal(signal);
  await using machine = await startMachine(spec, { accel: 'tcg', record, signal: bounded });
  await prepared(machine, bounded).catch((error) => {
    signal?.throwIfAborted();
    throw bounded.aborted ? bootTooLong(machine.serial.lastLines()) : error;
  });
  const lines = consoleLines(record.text('serial'));
  if (lines.some((line) => huntLines.vf.test(line))) throw refuseVfs(spec);
  const symbols = parseCodeSymbols(symbolLines(lines));
  for (const name of [...neededFunctions, 'linux_banner'])
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
  const { text } = await serial.waitForLine(any, { from: 'start', signal });
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
  symbols: ReadonlyMap<string, CodeSymbol>,
  plan: HuntPlan,
  { memory, state }: Snapshot,
  signal: AbortSignal | undefined,
): Promise<Stops> {
  const bounded = bootSignal(signal);
  const { address } = symbols.get(boundsFunction)!;
  await using machine = await startMachine(spec, {
    accel: 'tcg',
    record: recordToMemory(),
    signal: bounded,
    paused: true,
    ...savable(memory),
  });
  return await machine.gdb!.hold(async (cpus) => {
    await cpus.setBreakpoint(address);
    const stop = await cpus.run([], bounded);
    if (stop.why === 'asked') throw bootTooLong(machine.serial.lastLines());
    await cpus.clearBreakpoint(address);
    const linux_banner = symbols.get('linux_banner')!.address;
    const kernel = new KernelMemory(cpus, await findKernel(cpus, { linux_banner }));
    const stops = await findStops({ symbols, read: (ranges) => kernel.read(ranges) }, plan.points);
    await prepareAlarm(cpus);
    await saveMachine(machine, state, bounded);
    // Before the hold ends: one that goes on writes into the memory that was saved.
    await machine.stop();
    return stops;
  }, signal);
}
