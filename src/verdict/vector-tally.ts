/** How much of a trace was foretold, and why the rest was not. */
import type { MatrixEvent } from '../evidence/ftrace/vectors.ts';
import type { Hints, Unknown, Verdict } from '../model/vector/types.ts';

export type Reason =
  /** No event shows the affinity mask; a probe does. */
  | 'mask-not-recorded'
  | 'cpu-died-unseen'
  /** The trace begins in the middle or lost events, and not all is learnt yet. */
  | 'not-seen'
  /** What the interrupt held, or whether it had a reservation. */
  | 'interrupt-not-recorded'
  /** Kernels differ, and which one it was is not told. */
  | 'kernel-not-told';

/** `{ of: 10, predicted: 9 }`: of ten, nine had exactly one value that the model allowed, and it was that. */
export interface Share {
  of: number;
  predicted: number;
}

export interface Reasoned extends Share {
  /** Why the others were not. */
  not: Partial<Record<Reason, number>>;
}

export interface Tally {
  /** Events of which every counter was foretold. */
  counters: Reasoned;
  /** Bits taken or given back by others than the boot code. */
  bits: Reasoned;
  /** CPUs that they were taken from or given back to. */
  cpus: Reasoned;
  /** Unmanaged allocations whose mask is not known, and those of them that took the best of all online CPUs. */
  bestOfOnline: Share;
}

export function emptyTally(): Tally {
  const share = (): Reasoned => ({ of: 0, predicted: 0, not: {} });
  return { counters: share(), bits: share(), cpus: share(), bestOfOnline: { of: 0, predicted: 0 } };
}

export interface Checked {
  event: MatrixEvent;
  verdict: Verdict;
  hints: Hints;
  /** What the interrupt said of the CPU, and of the bit that is freed. */
  foretold: boolean | undefined;
  unknown: Unknown | undefined;
}

export function tally(summary: Tally, { event, verdict, hints, foretold, unknown }: Checked): void {
  const seen: Reason = unknown ?? 'not-seen';
  const { kind } = event;
  count(summary.counters, verdict.counters, counterReason(event, hints, unknown));
  if (kind === 'free') {
    count(summary.bits, foretold, 'interrupt-not-recorded');
    count(summary.cpus, foretold, 'interrupt-not-recorded');
    return;
  }
  count(summary.bits, verdict.bit, seen);
  if (kind === 'alloc' || kind === 'alloc_managed') {
    const isOpen = kind === 'alloc_managed' && hints.managedTakesFirst === undefined;
    count(summary.cpus, verdict.cpu, hints.mask ? (isOpen ? 'kernel-not-told' : seen) : 'mask-not-recorded');
  } else
    count(
      summary.cpus,
      foretold,
      kind === 'reserve_managed' ? 'mask-not-recorded' : 'interrupt-not-recorded',
    );
  if (verdict.bestOfOnline === undefined) return;
  summary.bestOfOnline.of += 1;
  if (verdict.bestOfOnline) summary.bestOfOnline.predicted += 1;
}

function counterReason(event: MatrixEvent, hints: Hints, unknown: Unknown | undefined): Reason {
  if (unknown) return unknown;
  if (event.kind === 'alloc' && hints.reserved === undefined) return 'interrupt-not-recorded';
  return event.kind === 'online' ? 'kernel-not-told' : 'not-seen';
}

function count(share: Reasoned, foretold: boolean | undefined, reason: Reason): void {
  if (foretold === undefined) return;
  share.of += 1;
  if (foretold) share.predicted += 1;
  else share.not[reason] = (share.not[reason] ?? 0) + 1;
}
