/** The account of a run with disks: every slot, who holds it, and what the disks came to, for reports to print. */
import type { MatrixAccount } from '../../slots/account.ts';
import { type DiskFacts, taken } from './disks.ts';
import type { DisksFacts, MomentFacts } from './facts.ts';
import { disksOn } from './findings/probes.ts';
import { count, errnoText, span } from './words.ts';

export interface DisksAccount {
  moments: MomentAccount[];
  /** As it stands in the end. */
  outcome: DisksOutcome;
}

export interface MomentAccount {
  moment: string;
  /** Absent where neither trace nor memory tells. */
  matrix?: MatrixAccount;
  /** Disks that are alike, in their order. */
  holders: Holder[];
  /** Slots that no disk holds; absent where the matrix or the trace does not tell. */
  others?: { managed: number; ordinary: number };
}

export interface Holder {
  /** `virtio1 to virtio131` */
  names: string;
  disks: number;
  /** `each`, `shared-slow`, `shared`, `intx`, or `failed -28 (ENOSPC)`. */
  rung: string;
  /** Slots of each of them; absent without a trace. */
  managed?: number;
  ordinary?: number;
  /** Of those slots, vectors in use. */
  vectors?: number;
}

export interface DisksOutcome {
  disks: number;
  /** With a driver, and read where reads were tried. */
  working: number;
  /** Of those, with one interrupt for all queues, or with one that is not bound to CPUs. */
  shared: number;
  /** Of those, on an interrupt line. */
  intx: number;
  failed: number;
  firstFailed?: string;
  slotsLeft?: number;
  allocated?: number;
  /** What it costs, one phrase each. */
  costs: string[];
}

/** @returns undefined where the disks were not listed after they were probed */
export function disksAccount(facts: DisksFacts): DisksAccount | undefined {
  const last = facts.remedied ?? facts.after;
  if (!last) return undefined;
  const moments = [facts.before, facts.after, facts.remedied].flatMap((moment): MomentAccount[] => {
    if (!moment) return [];
    const { matrix } = moment;
    // Disks that are there at boot have no driver yet.
    const holders = moment === facts.before ? [] : holdersOf(moment);
    const others = othersOf(moment);
    return [{ moment: moment.moment, ...(matrix ? { matrix } : {}), holders, ...(others ? { others } : {}) }];
  });
  return { moments, outcome: outcomeOf(facts, last) };
}

function othersOf({ matrix, trace, disks }: MomentFacts): MomentAccount['others'] {
  if (!matrix || !trace) return undefined;
  let managed = matrix.total.managedIdle + matrix.total.managedRunning;
  let { ordinary } = matrix.total;
  for (const { slots } of disks) {
    managed -= slots ? slots.managed + slots.managedOffline : 0;
    ordinary -= slots?.ordinary ?? 0;
  }
  return { managed, ordinary };
}

function holdersOf(moment: MomentFacts): Holder[] {
  const groups: { key: string; disks: DiskFacts[] }[] = [];
  for (const disk of moment.disks) {
    const key = JSON.stringify([rungText(disk), disk.slots]);
    const last = groups.at(-1);
    if (last?.key === key) last.disks.push(disk);
    else groups.push({ key, disks: [disk] });
  }
  return groups.map(({ disks }) => {
    const { slots } = disks[0]!;
    return {
      names: span(disks.map((disk) => disk.name)),
      disks: disks.length,
      rung: rungText(disks[0]!),
      ...(slots ? { managed: slots.managed, ordinary: slots.ordinary, vectors: slots.vectors } : {}),
    };
  });
}

function rungText({ rung, failure }: DiskFacts): string {
  if (rung !== 'none') return rung;
  return failure ? `failed ${errnoText(failure.errno)}` : 'no driver';
}

function outcomeOf(facts: DisksFacts, last: MomentFacts): DisksOutcome {
  const unreadable = new Set(last.read?.failed);
  const working = last.disks.filter(
    (disk) => disk.rung !== 'none' && !unreadable.has(disk.record.block ?? ''),
  );
  const failed = last.disks.filter((disk) => disk.rung === 'none');
  const { matrix } = last;
  return {
    disks: last.disks.length,
    working: working.length,
    shared: disksOn(last, 'shared').length,
    intx: disksOn(last, 'intx').length,
    failed: failed.length,
    ...(failed[0] ? { firstFailed: failed[0].name } : {}),
    ...(matrix ? { slotsLeft: matrix.globalAvailable, allocated: matrix.totalAllocated } : {}),
    costs: costs(facts, last, working),
  };
}

function costs(facts: DisksFacts, last: MomentFacts, working: readonly DiskFacts[]): string[] {
  const { plan, after } = facts;
  const found: string[] = [];
  const queues = plan.disks?.queues ?? 0;
  const { cpus } = plan.host.spec;
  if (queues < cpus) found.push(`${count(queues, 'queue')} a disk for ${cpus} CPUs`);
  const loose = working.filter((disk) => disk.rung === 'each' && disk.slots?.managed === 0);
  if (loose.length > 0)
    found.push(`${count(loose.length, 'disk')} without interrupts bound to the CPUs of their queues`);
  const shared = disksOn(last, 'shared');
  if (shared.length > 0) found.push(`${count(shared.length, 'disk')} with fewer interrupts than queues`);
  const intx = disksOn(last, 'intx');
  if (intx.length > 0) {
    const lines = new Set(intx.map((disk) => disk.record.irq));
    found.push(`${count(intx.length, 'disk')} on ${count(lines.size, 'interrupt line')}`);
  }
  const gone = (after?.disks.length ?? 0) - last.disks.length;
  if (gone > 0) found.push(`${count(gone, 'disk')} taken away`);
  const each = working.find((disk) => disk.rung === 'each')?.slots;
  if (each) found.push(`${count(taken(each), 'slot')} a disk`);
  return found;
}
