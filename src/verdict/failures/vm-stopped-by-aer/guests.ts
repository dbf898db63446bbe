/** What became of a guest: told by QEMU, stopped, seen by the three witnesses, resumed. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import { type DatedStderr, dateLine, type History } from '../../../evidence/history.ts';
import type { KernelLine } from '../../../evidence/kernel-log/line.ts';
import type { QmpEvent } from '../../../evidence/qmp.ts';
import { happenedSince } from '../../time.ts';
import { answersAt, type WitnessAnswers } from '../../witnesses.ts';

export interface GuestFacts {
  id: string;
  /** QEMU's stderr lines about an error of one of its functions, after the fault. */
  told: DatedStderr[];
  /** First QMP STOP after the fault. */
  stop: QmpEvent | undefined;
  /** Evidence that the stop is the `internal-error` one. */
  internalError: QmpEvent | Recorded<'witness'> | undefined;
  /** First RESUME after the stop. */
  resume: QmpEvent | undefined;
  afterFault: WitnessAnswers;
  end: WitnessAnswers;
  /** Last line of its kernel before the stop, markers of the harness left out; with its harness time. */
  lastLine: { line: KernelLine; t: number; error: number } | undefined;
  /** Lines of the stopped boot that are dated after the stop: a stopped VM has none. */
  spokeAfterStop: boolean;
}

/** What guest facts are drawn from. */
export interface GuestSources {
  history: History;
  harness: readonly Recorded[];
  faultTime: number;
  qmp: ReadonlyMap<string, readonly QmpEvent[]>;
  stderr: ReadonlyMap<string, readonly DatedStderr[]>;
}

export function guestFacts(facts: GuestSources, id: string): GuestFacts {
  const qmp = facts.qmp.get(id) ?? [];
  const since = (t: number, error = 0) => happenedSince(t, error, facts.faultTime);
  const told = (facts.stderr.get(id) ?? []).filter(
    ({ event, t, error }) => event.kind === 'vfio-error' && since(t, error),
  );
  const stop = qmp.find((event) => event.kind === 'stop' && since(event.t));
  const resume = stop && qmp.find((event) => event.kind === 'resume' && event.t >= stop.t);
  const witnesses = ofKind(facts.harness, 'witness').filter((event) => event.machine === id);
  const status = qmp.find(
    (event) => event.kind === 'status' && event.status === 'internal-error' && since(event.t),
  );
  const said = witnesses.find(
    (event) => event.witness === 'qmp' && since(event.t) && /internal-error/.test(event.answer),
  );
  return {
    id,
    told,
    stop,
    internalError: status ?? said,
    resume,
    afterFault: answersAt(witnesses, 'after-fault'),
    end: answersAt(witnesses, 'end'),
    ...lastWords(facts, id, stop?.t),
  };
}

function lastWords(
  facts: GuestSources,
  id: string,
  stopped: number | undefined,
): Pick<GuestFacts, 'lastLine' | 'spokeAfterStop'> {
  const record = facts.history.machines.get(id);
  if (!record || stopped === undefined) return { lastLine: undefined, spokeAfterStop: false };
  let lastLine: GuestFacts['lastLine'];
  let spokeAfterStop = false;
  for (const line of record.lines) {
    if (line.stamp === undefined || line.message.startsWith('vflab-marker ')) continue;
    const { t, error } = dateLine(line, record.clocks);
    const bound = Number.isFinite(error) ? error : 0;
    if (t - bound <= stopped) lastLine = { line, t, error };
    // Only a clock with a stated error can show that a line came after the stop.
    else if (Number.isFinite(error) && line.boot === lastLine?.line.boot && t - error > stopped + 0.5) {
      spokeAfterStop = true;
    }
  }
  return { lastLine, spokeAfterStop };
}
