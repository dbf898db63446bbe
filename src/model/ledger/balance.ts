/**
 * The balance: every interrupt raised within the ledger's time, and what became of it.
 *
 *     raised = sent + held            a mask holds a raise back; several become one pending bit
 *     sent = delivered + coalesced    a message whose bit in IRR is set already adds nothing
 *     delivered = handled + excused + lost
 */
import { type Balance, Book } from './book.ts';
import type { LedgerClock } from './clock.ts';
import type { DeviceSide, Message } from './device.ts';
import { explain, type Sides } from './explain.ts';
import type { KernelSide, Round } from './kernel.ts';
import { type Latch, match } from './match.ts';
import { type Slot, slotOf } from './types.ts';

/** Seconds before and after the ledger's time in which interrupts are matched but not counted. */
const margin = 0.5;

export interface Ledger {
  device: DeviceSide;
  kernel: KernelSide;
  clock: LedgerClock;
  log: Sides['log'];
}

export function balance({ device, kernel, clock, log }: Ledger): Balance {
  const book = new Book(kernel);
  const inTime = ({ time }: { time: number }) => time >= clock.begin && time <= clock.end;
  const cpus = cpusByTarget(kernel);
  const latches = new Map<Slot, Latch[]>();
  const astray: Message[] = [];
  for (const message of device.messages) {
    if (message.time < clock.begin - margin || message.time > clock.end + margin) continue;
    const cpu = cpuOf(message, kernel, cpus);
    const slot = cpu === undefined ? undefined : slotOf(cpu, message.vector);
    const [taken] = message.taken;
    if (slot === undefined || message.taken.length !== 1) {
      if (inTime(message)) astray.push(message);
      continue;
    }
    if (taken === 'fresh') push(latches, slot, { message, at: clock.toGuest(message.time) });
    else if (inTime(message)) book.notFresh(message, slot, clock);
  }

  const since = clock.toGuest(clock.begin).low;
  const until = clock.toGuest(clock.end).high;
  const rounds = Map.groupBy(
    kernel.rounds.filter(({ time }) => time >= since - margin && time <= until + margin),
    (round) => round.slot ?? -1,
  );
  const open: { latch: Latch; slot: Slot; accepted: boolean }[] = [];
  const unprompted: Round[] = [];
  const answered = new Map<Round, Latch>();
  const irqOfEntry = new Map<number, { time: number; irq: number }[]>();
  for (const slot of new Set([...latches.keys(), ...rounds.keys()])) {
    const here = latches.get(slot) ?? [];
    const found = match(here, rounds.get(slot) ?? []);
    unprompted.push(...found.unprompted.filter(({ time }) => time >= since && time <= until));
    for (const { latch, round } of found.pairs) {
      const { entry, time } = latch.message;
      answered.set(round, latch);
      if (entry !== undefined) push(irqOfEntry, entry, { time, irq: round.irq });
      if (inTime(latch.message)) book.handled(latch, slot, round);
    }
    for (const i of found.without)
      if (inTime(here[i]!.message)) open.push({ latch: here[i]!, slot, accepted: i + 1 < here.length });
  }
  for (const list of irqOfEntry.values()) list.sort((a, b) => a.time - b.time);
  unprompted.sort((a, b) => a.time - b.time);
  open.sort((a, b) => a.latch.message.time - b.latch.message.time);
  const sides: Sides = {
    device,
    kernel,
    log,
    unprompted: Map.groupBy(unprompted, (round) => round.irq),
    rounds: Map.groupBy(kernel.rounds, (round) => round.irq),
    answered,
    irqOfEntry: (entry, time) => lastBefore(entry === undefined ? undefined : irqOfEntry.get(entry), time),
  };
  for (const { latch, slot, accepted } of open)
    book.unhandled(latch, slot, explain(latch, slot, accepted, sides));
  for (const message of astray)
    book.astray(message, sides.irqOfEntry(message.entry, message.time), cpus.size > 0);
  for (const list of sides.unprompted.values()) for (const round of list) book.unprompted(round);
  const pending = book.held(device, inTime);
  return { ...book.close(), pending, deferred: sum(device.deferred.values()) };
}

/** A destination of the other mode than the kernel's names nobody that is known. */
function cpuOf({ dest, logical }: Message, { isLogical }: KernelSide, cpus: Map<number, number>) {
  if (dest === undefined || (isLogical !== undefined && isLogical !== logical)) return undefined;
  return cpus.get(dest);
}

/** Target of messages → CPU. Two CPUs with one target (an APIC id above 255, cut by the trace): neither. */
function cpusByTarget({ targets }: KernelSide): Map<number, number> {
  const cpus = new Map<number, number>();
  const ambiguous = new Set<number>();
  for (const [cpu, target] of targets) {
    if (cpus.has(target)) ambiguous.add(target);
    cpus.set(target, cpu);
  }
  for (const target of ambiguous) cpus.delete(target);
  return cpus;
}

function lastBefore(
  list: readonly { time: number; irq: number }[] | undefined,
  time: number,
): number | undefined {
  return list?.findLast((item) => item.time <= time)?.irq;
}

function push<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
