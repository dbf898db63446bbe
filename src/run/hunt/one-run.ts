/** One run of a hunt: from the snapshot to the end of the work, under one schedule. */
import { drive, type SteeredCpus } from '../../hunt/drive.ts';
import type { HuntRun } from '../../hunt/hunt.ts';
import type { Schedule } from '../../hunt/schedule.ts';
import { huntLines } from '../../hunt/script.ts';
import type { HeldCpus } from '../../machine/gdb/held-cpus.ts';
import { isHalted, parseLocalApic } from '../../machine/idle-cpu.ts';
import type { RunningMachine } from '../../machine/machine.ts';
import { recordToMemory } from '../../machine/record.ts';
import { restoreMachine } from '../../machine/snapshot.ts';
import { consoleLines, type Ground } from './ground.ts';
import type { Stops } from './stops.ts';

/** At reference speed a run takes a second. */
const runBudgetMs = 60_000;
/** A machine that does neither a visit nor a tick for so long stands still for good. */
const stuckMs = 5_000;

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
  const last = machine.serial
    .waitForLine(any, {
      from: 'start',
      signal: AbortSignal.any([signal, AbortSignal.timeout(runBudgetMs)]),
    })
    .catch(() => undefined)
    .finally(() => ended.abort());
  const visits = await machine.gdb!.hold(
    (cpus) =>
      drive(steered(machine, cpus, stops), {
        points: new Map(stops.points.map(({ address, name }) => [address, name])),
        tick: stops.tick.address,
        idle: new Set(stops.idle.map(({ address }) => address)),
        ...(stops.contended ? { contended: stops.contended.address } : {}),
        schedule,
        ended: ended.signal,
        stuck: () => AbortSignal.timeout(stuckMs),
      }),
    signal,
  );
  const line = await last;
  signal.throwIfAborted();
  const code = end.exec(line?.text ?? '')?.[1];
  const status = code === undefined ? {} : { status: Number(code) };
  const outcome = !line ? 'unfinished' : status.status === 0 ? 'passed' : 'failed';
  const console = consoleLines(record.text('serial'), any);
  await machine.stop();
  return { schedule, outcome, ...status, visits, console, ms: performance.now() - t0 };
}

/**
 * A CPU leaves a breakpoint at instructions that do nothing by being put behind them, and only elsewhere by a step:
 * each stop costs QEMU all of its translations (gdbstub/system.c, gdb_vm_state_change(): tb_flush()).
 */
function steered({ qmp }: RunningMachine, cpus: HeldCpus, stops: Stops): SteeredCpus {
  const { points, tick, idle, contended } = stops;
  const all = [...points, tick, ...idle, ...(contended ? [contended] : [])];
  const idleBytes = new Map(all.map((stop) => [stop.address, stop.idleBytes]));
  return {
    threads: () => cpus.threads(),
    instructionPointer: (thread) => cpus.instructionPointer(thread),
    setBreakpoint: (address) => cpus.setBreakpoint(address),
    run: (threads, until) => cpus.run(threads, until),
    leave: async (thread, address) => {
      const skip = idleBytes.get(address) ?? 0;
      if (skip === 0) await cpus.step(thread);
      else await cpus.setInstructionPointer(thread, address + BigInt(skip));
    },
    halted: async (cpu) => isHalted(await qmp.humanMonitor(`info registers ${cpu}`)),
    waitsFor: async (cpu) => parseLocalApic(await qmp.humanMonitor(`info lapic ${cpu}`)),
  };
}
