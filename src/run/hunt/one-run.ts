/** One run of a hunt: from the snapshot to the end of the work, under one schedule. */
import { drive, type SteeredCpus } from '../../hunt/drive.ts';
import type { HuntRun } from '../../hunt/hunt.ts';
import type { Schedule } from '../../hunt/schedule.ts';
import { huntLines } from '../../hunt/script.ts';
import { machineTime, setAlarm } from '../../machine/alarm.ts';
import type { HeldCpus } from '../../machine/gdb/held-cpus.ts';
import { isHalted, parseLocalApic } from '../../machine/idle-cpu.ts';
import type { RunningMachine } from '../../machine/machine.ts';
import { recordToMemory } from '../../machine/record.ts';
import { restoreMachine } from '../../machine/snapshot.ts';
import { consoleLines, type Ground } from './ground.ts';
import type { Stops } from './stops.ts';

/** Of the machine's time: a minute and what a shell's `timeout 60` takes besides. */
const longestNs = 70e9;
/** Where QEMU itself stands still. At reference speed a run takes a second. */
const runBudgetMs = 180_000;

/** @throws {LabBrokeError} `SNAPSHOT_FAILED`, `QEMU_DIED`, …; {GdbStubError}; the signal's reason. */
export async function runSchedule(ground: Ground, schedule: Schedule, signal: AbortSignal): Promise<HuntRun> {
  const t0 = performance.now();
  const record = recordToMemory();
  const { snapshots, stops } = ground;
  const { shift } = schedule;
  const spec = { ...ground.spec, deterministic: { ...ground.spec.deterministic!, shift } };
  await using machine = await restoreMachine(spec, snapshots.get(shift)!, { accel: 'tcg', record, signal });
  const ended = new AbortController();
  const { end, panic } = huntLines;
  const any = new RegExp(`${end.source}|${panic.source}`);
  machine.serial
    .waitForLine(any, {
      from: 'start',
      signal: AbortSignal.any([signal, AbortSignal.timeout(runBudgetMs)]),
    })
    .catch(() => undefined)
    .finally(() => ended.abort());
  const visits = await machine.gdb!.hold(async (cpus) => {
    const steered = await steer(machine, cpus, stops);
    const all = await drive(steered, {
      points: new Map(stops.points.map(({ address, name }) => [address, name])),
      bounds: stops.bounds.address,
      idle: new Set(stops.idle.map(({ address }) => address)),
      ...(stops.contended ? { contended: stops.contended.address } : {}),
      schedule,
      longestNs,
      ended: ended.signal,
    });
    signal.throwIfAborted();
    // Before the hold ends: what one that goes on still does is nobody's business.
    await machine.stop();
    return all;
  }, signal);
  const console = consoleLines(record.text('serial'), any);
  const last = console.findLast((line) => any.test(line));
  const code = end.exec(last ?? '')?.[1];
  const status = code === undefined ? {} : { status: Number(code) };
  const outcome = last === undefined ? 'unfinished' : status.status === 0 ? 'passed' : 'failed';
  return { schedule, outcome, ...status, visits, console, ms: performance.now() - t0 };
}

/**
 * A CPU leaves a breakpoint at instructions that do nothing by being put behind them, and only elsewhere by a step:
 * each stop costs QEMU all of its translations (gdbstub/system.c, gdb_vm_state_change(): tb_flush()).
 */
async function steer({ qmp }: RunningMachine, cpus: HeldCpus, stops: Stops): Promise<SteeredCpus> {
  const { points, bounds, idle, contended, alarm } = stops;
  const all = [...points, bounds, ...idle, ...(contended ? [contended] : [])];
  const idleBytes = new Map(all.map((stop) => [stop.address, stop.idleBytes]));
  const numbers = new Map<string, number>();
  for await (const thread of cpus.threads()) numbers.set(thread, numbers.size);
  await cpus.setBreakpoint(alarm.entry);
  let now = await machineTime(cpus);
  return {
    async *threads() {
      yield* numbers.keys();
    },
    setBreakpoint: (address) => cpus.setBreakpoint(address),
    run: async (thread, forNs, until) => {
      await setAlarm(cpus, numbers.get(thread)!, now + forNs);
      const { why } = await cpus.run([thread], until);
      const from = now;
      const [at, then] = await Promise.all([cpus.instructionPointer(thread), machineTime(cpus)]);
      now = then;
      if (at === alarm.entry) await cpus.setInstructionPointer(thread, alarm.return);
      return { ns: now - from, ...(why === 'asked' || at === alarm.entry ? {} : { at }) };
    },
    leave: async (thread, address) => {
      const skip = idleBytes.get(address) ?? 0;
      if (skip !== 0) return await cpus.setInstructionPointer(thread, address + BigInt(skip));
      await cpus.step(thread);
      now = await machineTime(cpus);
    },
    halted: async (cpu) => isHalted(await qmp.humanMonitor(`info registers ${cpu}`)),
    waitsFor: async (cpu) => parseLocalApic(await qmp.humanMonitor(`info lapic ${cpu}`)),
  };
}
