/** A deterministic machine from power-on to the end of its work, left to itself. */
import { createHash } from 'node:crypto';
import type { HuntRun } from '../../hunt/hunt.ts';
import { huntLines } from '../../hunt/script.ts';
import { startMachine } from '../../machine/machine.ts';
import { recordToMemory } from '../../machine/record.ts';
import type { MachineSpec } from '../../machine/spec.ts';
import { bootSignal, bootTooLong, consoleLines, unpreparedError } from './ground.ts';

export type WholeRun = Pick<HuntRun, 'outcome' | 'status' | 'console'> & {
  /** Of the console, up to the end of the work. */
  sha256: string;
};

/** @throws {LabBrokeError} `HUNT_UNPREPARED`, `DEADLINE`, and what starting a machine throws */
export async function boot(spec: MachineSpec, signal: AbortSignal): Promise<WholeRun> {
  const record = recordToMemory();
  const bounded = bootSignal(signal);
  const { end, panic, unprepared } = huntLines;
  const { gdbStub: _, ...alone } = spec;
  await using machine = await startMachine(alone, { accel: 'tcg', record, signal: bounded });
  const any = new RegExp([end, panic, unprepared].map(({ source }) => source).join('|'));
  const { serial } = machine;
  const { text } = await serial.waitForLine(any, { from: 'start', signal: bounded }).catch((error) => {
    signal.throwIfAborted();
    throw bounded.aborted ? bootTooLong(serial.lastLines()) : error;
  });
  if (unprepared.test(text)) throw unpreparedError(text, serial.lastLines());
  const console = consoleLines(record.text('serial'), any);
  const sha256 = createHash('sha256').update(console.join('\n')).digest('hex');
  const code = end.exec(text)?.[1];
  const outcome = code === '0' ? 'passed' : 'failed';
  return { outcome, ...(code === undefined ? {} : { status: Number(code) }), console, sha256 };
}
