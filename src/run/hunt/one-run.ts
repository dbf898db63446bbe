/** One run of a hunt: from the snapshot to the end of the work, under one schedule. */
import { drive } from '../../hunt/drive.ts';
import type { HuntRun } from '../../hunt/hunt.ts';
import type { Schedule } from '../../hunt/schedule.ts';
import { huntLines, idleFunctions, tickFunction } from '../../hunt/script.ts';
import { recordToMemory } from '../../machine/record.ts';
import { restoreMachine } from '../../machine/snapshot.ts';
import { consoleLines, type Ground } from './ground.ts';

/** At reference speed a run takes a second. */
const runBudgetMs = 60_000;
/** A machine that does neither a visit nor a tick for so long stands still for good. */
const stuckMs = 5_000;

/** @throws {LabBrokeError} `SNAPSHOT_FAILED`, `QEMU_DIED`, …; {GdbStubError}; the signal's reason. */
export async function runSchedule(
  ground: Ground,
  points: readonly string[],
  schedule: Schedule,
  signal: AbortSignal,
): Promise<HuntRun> {
  const t0 = performance.now();
  const record = recordToMemory();
  const { spec, snapshot, symbols } = ground;
  await using machine = await restoreMachine(spec, snapshot, { accel: 'tcg', record, signal });
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
      drive(cpus, {
        points: new Map(points.map((name) => [symbols.get(name)!, name])),
        tick: symbols.get(tickFunction)!,
        idle: new Set(idleFunctions.flatMap((name) => symbols.get(name) ?? [])),
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
