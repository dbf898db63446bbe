/** What the rules ask about: each storm, the line that it arrives on, and how the functions on that line fare. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import { type LineLook, parseLineSamples } from '../../../evidence/line-samples.ts';
import type { IntxStormFault } from '../../../faults/intx-storm/schema.ts';
import { compareStorm, type Outlook } from '../../../model/genirq/trip.ts';
import type { RunFacts } from '../../facts.ts';
import { happenedSince } from '../../time.ts';
import type { Evidence } from '../../types.ts';
import { type Functions, functionsAt } from './functions.ts';
import { type TrafficFacts, trafficFacts } from './traffic.ts';

/** The kernel's report of a line that it switches off. */
export interface Trip {
  cared: DatedKernelEvent;
  handlers: { name: string; threaded: boolean; dated: DatedKernelEvent }[];
  disabled: DatedKernelEvent;
}

export interface StormFacts {
  id: string;
  fault: IntxStormFault;
  injected: Recorded<'injected'> | undefined;
  proof: Recorded<'proof'> | undefined;
  before: Recorded<'irq-line'> | undefined;
  after: Recorded<'irq-line'> | undefined;
  looks: LineLook[];
  /** A look as evidence. */
  at: (look: LineLook) => Evidence;
  /** Since the injection, in order: a line that was requested again can go off again. */
  trips: Trip[];
  /** The kernel's counts held against the model; undefined where the counts are missing. */
  outlook: Outlook | undefined;
}

export interface NobodyCaredFacts extends RunFacts {
  storms: StormFacts[];
  /** After the fault, else at the end. */
  functions: Functions;
  traffic: TrafficFacts[];
  /** Harness time of the first injection; infinite when nothing was injected. */
  faultTime: number;
}

export function nobodyCaredFacts(run: RunFacts): NobodyCaredFacts {
  const { plan, harness } = run;
  const storms = Object.entries(plan.faults).flatMap(([id, fault]) =>
    fault.kind === 'intx-storm' ? [stormFacts(run, id, fault)] : [],
  );
  return {
    ...run,
    storms,
    functions: functionsAt(run, ['after-fault', 'end']),
    traffic: trafficFacts(run),
    faultTime: Math.min(...ofKind(harness, 'injected').map((event) => event.t0)),
  };
}

function stormFacts(run: RunFacts, id: string, fault: IntxStormFault): StormFacts {
  const { harness } = run;
  const injected = ofKind(harness, 'injected').find((event) => event.fault === id);
  const proofs = ofKind(harness, 'proof').filter((event) => event.fault === id);
  const lines = ofKind(harness, 'irq-line').filter((event) => event.fault === id);
  const before = lines.find(({ moment }) => moment === 'before');
  const after = lines.find(({ moment }) => moment === 'after');
  const file = after?.samples;
  const looks = file === undefined ? [] : parseLineSamples(run.files(file) ?? '');
  const trips = injected && after ? tripsOf(run.hostKernel, after.irq, injected.t0) : [];
  // What happened by the time of the second reading is the storm's own course; later ones are a remedy's.
  const first = trips.filter(
    ({ disabled: { t, error } }) => t - (Number.isFinite(error) ? error : 0) <= (after?.t ?? 0),
  );
  return {
    ...{ id, fault, injected, before, after, looks, trips },
    proof: proofs.findLast(({ stage }) => stage === 'injected'),
    at: ({ line, text }) => ({ file: file ?? '', line, text, machine: 'host' }),
    outlook:
      before && after && looks.length > 1 ? outlookOf(before, after, looks, first.length > 0) : undefined,
  };
}

function outlookOf(
  before: Recorded<'irq-line'>,
  after: Recorded<'irq-line'>,
  looks: readonly LineLook[],
  disabled: boolean,
): Outlook {
  // The readings carry the harness's time, the looks the machine's: the first and the last look are of the same state.
  const { none, handled, wake } = after.returned;
  return compareStorm({
    before: { ...before, t: looks[0]!.t },
    after: { ...after, t: looks.at(-1)!.t },
    samples: looks,
    threaded: wake > 0 && none === 0 && handled === 0,
    disabled,
  });
}

function tripsOf(kernel: readonly DatedKernelEvent[], irq: number, since: number): Trip[] {
  const trips: Trip[] = [];
  let open: Omit<Trip, 'disabled'> | undefined;
  for (const dated of kernel) {
    const { event, t, error } = dated;
    if (event.kind === 'nobody-cared')
      open = event.irq === irq && happenedSince(t, error, since) ? { cared: dated, handlers: [] } : undefined;
    if (event.kind === 'irq-handler') {
      const { handler, thread } = event;
      open?.handlers.push({ name: thread ?? handler, threaded: thread !== undefined, dated });
    }
    if (event.kind === 'irq-disabled' && event.irq === irq && open) {
      trips.push({ ...open, disabled: dated });
      open = undefined;
    }
  }
  return trips;
}
