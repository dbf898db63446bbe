/**
 * Why an interrupt that reached a CPU has no round of handlers. The rules, in the order in which they are asked; an
 * interrupt that none of them excuses is lost. docs/ledger.md says each with its source.
 */
import type { DeviceSide } from './device.ts';
import type { KernelSide, Round, Tenure } from './kernel.ts';
import type { Latch } from './match.ts';
import { type Interval, type Outcome, type Slot, slotCpu, slotOf, slotVector } from './types.ts';

/** A line of QEMU's trace, of the kernel's trace, or of its log. */
export interface Pointer {
  from: 'device' | 'kernel' | 'log';
  line: number;
}

export interface Explanation {
  outcome: Outcome;
  why: string;
  evidence: Pointer[];
  /** Whose interrupt it was, as far as that is known. */
  irq?: number;
  /**
   * Of one that is `freed`: its irq was requested again at once. Nobody had stopped the device: its interrupt was
   * discarded on the way.
   */
  discarded?: true;
}

/** What the kernel's log says of interrupts; its stamps are of the clock that the trace has. */
export type LogEvent = { line: number; time: number } & (
  | { kind: 'disabled'; irq: number }
  | { kind: 'no-handler'; cpu: number; vector: number }
);

export interface Sides {
  device: DeviceSide;
  kernel: KernelSide;
  log: readonly LogEvent[];
  /** Rounds that no interrupt asked for, by irq, in order. Taken from here as they explain something. */
  unprompted: Map<number, Round[]>;
  /** Rounds of each irq, in order. */
  rounds: ReadonlyMap<number, readonly Round[]>;
  /** The interrupt that a round was matched with. */
  answered: ReadonlyMap<Round, Latch>;
  /** The irq whose interrupts the MSI-X entry of a message made at last. */
  irqOfEntry: (entry: number | undefined, time: number) => number | undefined;
}

/** Seconds from the last use of an interrupt to the vector's return by free_irq: what a driver's stop takes. */
const stopping = 0.1;
/** Seconds from an interrupt's arrival to the kernel's answer to it; a starved virtual CPU is slow. */
const answering = 1;

/** The log's clock has microseconds. */
const grain = 1e-6;

/** @param accepted the CPU took it: a later one found its bit in IRR clear. */
export function explain(latch: Latch, slot: Slot, accepted: boolean, sides: Sides): Explanation {
  const cpu = slotCpu(slot);
  if (!sides.kernel.isWhole) {
    const why = 'the kernel’s trace does not go back to the boot, or lost events';
    return { outcome: 'unknown', why, evidence: [] };
  }
  const owner = ownerAt(sides.kernel, slot, latch.at);
  const irq = owner?.irq ?? sides.irqOfEntry(latch.message.entry, latch.message.time);
  const whose = irq === undefined ? {} : { irq };
  const seenOn = sides.kernel.lastOn.get(cpu) ?? Number.NEGATIVE_INFINITY;
  if (!accepted && seenOn <= latch.at.high)
    return {
      outcome: 'in-flight',
      why: `nothing shows that CPU ${cpu} took interrupts since`,
      evidence: [],
      ...whose,
    };
  const said = owner ? ofIrq(owner, latch, slot, sides) : unowned(slot, latch, irq, sides);
  const { doubt } = sides.kernel;
  if (said.outcome === 'lost' && doubt)
    return { ...said, ...whose, outcome: 'unknown', why: `${said.why}; but ${doubt}` };
  return { ...said, ...whose };
}

function ofIrq(owner: Tenure, { at, message }: Latch, slot: Slot, sides: Sides): Explanation {
  const { irq } = owner;
  const here = place(slot);
  const rounds = sides.rounds.get(irq) ?? [];
  const busy = rounds.find(
    (round) =>
      round.cpu !== slotCpu(slot) &&
      round.time <= at.high &&
      round.end >= at.low &&
      !waitsFor(round, owner, at, message.pin, sides.kernel),
  );
  if (busy) {
    const why = `irq ${irq} was in its handler on CPU ${busy.cpu}, which goes round again (IRQS_PENDING)`;
    return { outcome: 'in-progress', why, evidence: [{ from: 'kernel', line: busy.line }] };
  }
  const replay = takeAfter(sides.unprompted.get(irq), at.low);
  if (replay) {
    const why = `irq ${irq} was disabled or in progress; the kernel ran its handlers later (check_irq_resend)`;
    return { outcome: 'replayed', why, evidence: [{ from: 'kernel', line: replay.line }] };
  }
  const again = sentAgain(owner.irq, at, message.time, sides);
  if (again !== undefined) {
    const why = `irq ${irq} had no handler right then; the kernel noted it (IRQS_PENDING), and sent it to itself again when it was requested anew (irq_startup, check_irq_resend), where another message of it was waiting`;
    return { outcome: 'replayed', why, evidence: [{ from: 'device', line: again }] };
  }
  const off = sides.log.find((e) => e.kind === 'disabled' && e.irq === irq && e.time <= at.high);
  if (off) {
    const why = `the kernel had disabled irq ${irq}`;
    return { outcome: 'disabled', why, evidence: [{ from: 'log', line: off.line }] };
  }
  const mask = maskedOnArrival(message, slotCpu(slot), sides.device);
  if (mask !== undefined) {
    const why = `irq ${irq} was disabled: on arrival the kernel masked it and noted it (IRQS_PENDING)`;
    return { outcome: 'disabled', why, evidence: [{ from: 'device', line: mask }] };
  }
  // A round that may have begun before the interrupt was sent that it was matched with may be the answer to the one
  // before that, as far as the clocks can tell: then it is the last of them that met no handler.
  const later = (end: number) =>
    rounds.some((round) => {
      const other = sides.answered.get(round);
      return other && other.message.time > message.time && round.time > other.at.high && round.time <= end;
    });
  const stopped = ownersAt(sides.kernel, slot, at).find(
    ({ irq: whose, ended, to }) => whose === irq && ended === 'freed' && to - at.low < stopping && !later(to),
  );
  if (stopped) return freed(irq, here, stopped, sides.kernel);
  const why = `irq ${irq} owned ${here}, and none of its handlers ran`;
  return { outcome: 'lost', why, evidence: [{ from: 'kernel', line: owner.line }] };
}

/**
 * Where the irq has its vector now, an edge waits for the handler on another CPU, and has a round of its own
 * (kernel/irq/chip.c irq_can_handle_pm, since 6.17). Only of a vector that was the irq's until that handler was done: when
 * the CPU looked is not known.
 */
function waitsFor(
  round: Round,
  { irq, from }: Tenure,
  at: Interval,
  pin: number | undefined,
  kernel: KernelSide,
): boolean {
  if (!kernel.edgeWaits || pin !== undefined || from > at.low) return false;
  return (kernel.ownedNext(irq, from)?.from ?? Number.POSITIVE_INFINITY) > round.end;
}

/**
 * free_irq takes the handlers away first, and the vector only after (kernel/irq/manage.c __free_irq). What arrives in
 * between is noted (kernel/irq/chip.c handle_edge_irq: no desc->action), and the next request_irq has the kernel send
 * the vector to itself (chip.c irq_startup, resend.c check_irq_resend, arch/x86/kernel/apic/vector.c
 * apic_retrigger_irq). Where a device's message got there first, the two are one interrupt and one round.
 */
function sentAgain(irq: number, at: Interval, since: number, { device, kernel }: Sides): number | undefined {
  for (const vector of kernel.vectorsOf(irq, at.low, at.high + answering)) {
    const list = device.sentAgain.get(vector) ?? [];
    const index = list.findIndex(({ time }) => time > since && time - since < answering);
    if (index >= 0) return list.splice(index, 1)[0]!.line;
  }
  return undefined;
}

/**
 * handle_edge_irq and handle_fasteoi_irq of a disabled irq mask it on the CPU that took it. Nothing but enable_irq unmasks
 * a vector again; a pin is masked and unmasked also while it moves, but then behind its handlers (ioapic_ack_level).
 */
function maskedOnArrival(
  { entry, pin, time }: Latch['message'],
  cpu: number,
  { table, pins }: DeviceSide,
): number | undefined {
  if (pin !== undefined) {
    const next = pins.masksOf(pin).find((write) => write.time > time);
    return next?.masked && next.cpu === cpu && next.time - time <= answering ? next.line : undefined;
  }
  if (entry === undefined) return undefined;
  const since = table.masksOf(entry).filter((write) => write.time > time);
  const first = since[0];
  if (!first?.masked || first.cpu !== cpu || first.time - time > answering) return undefined;
  return since.every((write) => write.masked) ? first.line : undefined;
}

function unowned(slot: Slot, { at }: Latch, irq: number | undefined, { kernel, log }: Sides): Explanation {
  const here = place(slot);
  const before = kernel.tenuresOf(slot).findLast((tenure) => tenure.to <= at.high);
  const evidence: Pointer[] = before ? [{ from: 'kernel', line: before.endLine! }] : [];
  // Rate-limited: one line may stand for many.
  const said = log.find(
    (e) => e.kind === 'no-handler' && slotOf(e.cpu, e.vector) === slot && e.time >= at.low - grain,
  );
  if (said) evidence.push({ from: 'log', line: said.line });
  // An irq in use whose message goes astray is another matter than one whose driver had left.
  if (irq !== undefined && kernel.isOwnedAt(irq, at)) {
    const why = `it went to ${here}, which no irq owned, while irq ${irq} was in use elsewhere`;
    return { outcome: 'lost', why, evidence };
  }
  if (before?.ended === 'freed') return { ...freed(before.irq, here, before, kernel), evidence };
  const why = before
    ? `irq ${before.irq} had moved away from ${here}: nobody owned it`
    : `no irq ever owned ${here}`;
  return { outcome: 'lost', why, evidence };
}

/** @param owner whose tenure ended by being freed */
function freed(irq: number, here: string, owner: Tenure, kernel: KernelSide): Explanation {
  const evidence: Pointer[] = [{ from: 'kernel', line: owner.endLine! }];
  const again = kernel.ownedNext(irq, owner.to);
  if (again === undefined || again.from - owner.to > answering)
    return {
      outcome: 'freed',
      why: `irq ${irq} gave ${here} back right after: its driver had stopped`,
      evidence,
    };
  const why = `irq ${irq} gave ${here} back right after, and was requested again ${((again.from - owner.to) * 1000).toFixed(1)} ms later: its device had not stopped, and the interrupt was discarded`;
  evidence.push({ from: 'kernel', line: again.line });
  return { outcome: 'freed', why, evidence, discarded: true };
}

function place(slot: Slot): string {
  return `vector ${slotVector(slot)} of CPU ${slotCpu(slot)}`;
}

/** The irq that may have owned the vector at that time; the later one where two may. */
export function ownerAt(kernel: KernelSide, slot: Slot, at: Interval): Tenure | undefined {
  return ownersAt(kernel, slot, at).at(-1);
}

function ownersAt(kernel: KernelSide, slot: Slot, at: Interval): Tenure[] {
  return kernel.tenuresOf(slot).filter((tenure) => tenure.from <= at.high && tenure.to >= at.low);
}

function takeAfter(rounds: Round[] | undefined, time: number): Round | undefined {
  const i = rounds?.findIndex((round) => round.time >= time) ?? -1;
  return i < 0 ? undefined : rounds!.splice(i, 1)[0];
}
