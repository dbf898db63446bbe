/** What the rules ask about: the race as it was driven, the interrupts before and after it, the slot, the kernel's words. */
import { ofKind, type Recorded } from '../../../evidence/harness.ts';
import type { DatedKernelEvent } from '../../../evidence/history.ts';
import { parseMatrixSnapshot, type VectorSlot } from '../../../evidence/matrix-snapshot.ts';
import type { RunFacts } from '../../facts.ts';
import { happenedSince } from '../../time.ts';
import type { Evidence } from '../../types.ts';

export interface SlotAt {
  /** Undefined: unused. */
  slot: VectorSlot | undefined;
  /** `VECTOR_UNUSED`, or whose it is. */
  text: string;
  evidence: Evidence;
}

export interface RaceFacts extends RunFacts {
  race: Recorded<'race'> | undefined;
  steps: readonly Recorded<'race-step'>[];
  /** Harness time; infinite where there was no race. */
  since: number;
  /** Whose interrupts the race is about, and their irq: the neighbour's, where the vector goes to one. */
  raced: { function: string; irq: number } | undefined;
  /** The last count of each moment, of that function. */
  counts: (moment: string) => Recorded<'interrupts'> | undefined;
  /** The raced slot as a snapshot of that moment has it; undefined: there is none. */
  slotAt: (moment: string) => SlotAt | undefined;
  /** `No irq handler for vector` of the raced slot, since the race. */
  messages: readonly DatedKernelEvent[];
}

export function raceFacts(run: RunFacts): RaceFacts {
  const { harness, hostKernel, files } = run;
  const race = ofKind(harness, 'race').at(-1);
  const since = race?.t ?? Number.POSITIVE_INFINITY;
  const raced = race && (race.neighbour ?? { function: race.function, irq: race.irq });
  const all = ofKind(harness, 'interrupts');
  return {
    ...run,
    race,
    steps: ofKind(harness, 'race-step'),
    since,
    raced,
    counts: (moment) =>
      all.findLast(
        (event) => event.moment === moment && event.function === (raced?.function ?? event.function),
      ),
    slotAt: (moment) => race && slotAt(harness, files, race, moment),
    messages: hostKernel.filter(
      ({ event, t, error }) =>
        event.kind === 'no-irq-handler' &&
        event.cpu === race?.cpu &&
        event.vector === race.vector &&
        happenedSince(t, error, since),
    ),
  };
}

function slotAt(
  harness: readonly Recorded[],
  files: RunFacts['files'],
  { cpu, vector }: Recorded<'race'>,
  moment: string,
): SlotAt | undefined {
  const taken = ofKind(harness, 'snapshot').findLast((s) => s.what === 'matrix' && s.moment === moment);
  const content = taken && files(taken.file);
  if (content === undefined) return undefined;
  const parsed = parseMatrixSnapshot(content);
  if (!parsed.ok) return undefined;
  const slots = parsed.snapshot.cpus.find((each) => each.cpu === cpu)?.slots;
  if (!slots) return undefined;
  const slot = slots.find((each) => each.vector === vector);
  const line = content.split('\n', 1)[0]!.slice(0, 400);
  return {
    slot,
    text: slot === undefined ? 'VECTOR_UNUSED' : textOf(slot),
    evidence: { file: taken!.file, line: 1, text: line, machine: 'host', t: taken!.t0 },
  };
}

function textOf(slot: VectorSlot): string {
  if (slot.holds === 'irq') return `irq ${slot.irq} (${slot.actions.join(', ')})`;
  return slot.holds === 'shutdown' ? 'VECTOR_SHUTDOWN' : 'VECTOR_RETRIGGERED';
}

/** Interrupts that nobody has answered. */
export function outstanding(counts: Recorded<'interrupts'> | undefined): number {
  if (!counts) return 0;
  const { raised, handled, spurious = 0, injected, timeouts } = counts;
  return Math.max(0, raised - handled + spurious - injected - timeouts);
}

/** The race went as it was planned: nobody held, or every step done. */
export function wentAsPlanned({ race, steps }: RaceFacts): boolean {
  return race !== undefined && steps.length === race.steps && steps.every(({ done }) => done);
}

/** Of the interrupts that were raised between these moments, those that came; and those that came unasked. */
export function handledBetween(
  facts: RaceFacts,
  from: string,
  to: string,
): { raised: number; handled: number; spurious: number } | undefined {
  const [a, b] = [facts.counts(from), facts.counts(to)];
  if (!a || !b) return undefined;
  const spurious = (b.spurious ?? 0) - (a.spurious ?? 0);
  return { raised: b.raised - a.raised, handled: b.handled - a.handled - spurious, spurious };
}
