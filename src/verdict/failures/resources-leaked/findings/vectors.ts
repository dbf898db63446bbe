/** Findings about the vectors: every event held against the model, and the matrix after the faults against before. */
import { vectorRules } from '../../../../model/vector/rules.ts';
import type { MatrixState } from '../../../../model/vector/types.ts';
import { accountOfTrace, type MatrixAccount } from '../../../slots/account.ts';
import type { Holding } from '../../../slots/ledger.ts';
import type { MatrixMoment } from '../../../slots/reading.ts';
import type { Finding } from '../../../types.ts';
import type { LeakFacts } from '../facts.ts';

export function vectorFindings(facts: LeakFacts): Finding[] {
  return [...impossible(facts), ...leaked(facts)];
}

/** What the matrix counts, without the vectors that an interrupt on its way to another CPU still has behind it. */
export interface Count {
  available: number;
  reserved: number;
  allocated: number;
  managed: number;
}

export function countOf(moment: MatrixMoment): Count | undefined {
  const account = accountOfTrace(moment.state);
  if (!account) return undefined;
  const moving = [...moment.holdings.values()].reduce(
    (sum, { ordinary }) => sum + Math.max(0, ordinary - 1),
    0,
  );
  return {
    available: account.globalAvailable + moving,
    reserved: account.globalReserved,
    allocated: account.totalAllocated - moving,
    managed: managedOf(account),
  };
}

function managedOf({ total }: MatrixAccount): number {
  return total.managedIdle + total.managedRunning;
}

function leaked({ before, after, trace }: LeakFacts): Finding[] {
  const was = before?.trace && countOf(before.trace);
  const is = after?.trace && countOf(after.trace);
  if (!was || !is || !trace) return [];
  const words = (['available', 'reserved', 'allocated', 'managed'] as const).flatMap((key) =>
    was[key] === is[key] ? [] : [`${key} ${was[key]} → ${is[key]}`],
  );
  if (words.length === 0) return [];
  const added = newHoldings(before.trace!.holdings, after.trace!.holdings);
  const holders = added.map(({ irq }) => irq).join(', ');
  return [
    {
      id: 'vectors-leaked',
      severity: 'error',
      title: `The vector matrix is not as it was: ${words.join(', ')}`,
      text:
        added.length > 0
          ? `Since before the faults these interrupts got vectors and did not give them back: ${holders}.`
          : (miscounted(before!.trace!.state, after!.trace!.state, is.available - was.available) ??
            'No interrupt that the trace names has them.'),
      evidence: [
        trace.at(before.trace!.matrixLine),
        trace.at(after.trace!.matrixLine),
        ...added.flatMap(({ lines }) => lines.slice(0, 1).map((line) => trace.at(line))).slice(0, 8),
      ],
      rule: 'LEAK-VECTOR',
    },
  ];
}

/**
 * Managed vectors that are reserved on an offline CPU, or given back there, do not touch its `available`; their other
 * half does, once it is online (kernel/irq/matrix.c irq_matrix_reserve_managed, irq_matrix_remove_managed). Then the
 * CPU counts more or fewer than it has, for good.
 */
function miscounted(before: MatrixState, after: MatrixState, change: number): string | undefined {
  const off = driftOf(after) - driftOf(before);
  if (change === 0 || off !== change) return undefined;
  const what = off > 0 ? `${off} more than there are` : `${-off} fewer than there are`;
  return `Every vector is free again, but the kernel counts ${what}: managed vectors were reserved on CPUs that were offline, or given back there, which its counter does not follow. It stays so until the next boot.`;
}

/** By how much the CPUs' maps count more than they have. */
function driftOf({ cpus, capacity }: MatrixState): number {
  return cpus.reduce((sum, cpu) => sum + ((cpu?.capacity ?? capacity ?? 0) - (capacity ?? 0)), 0);
}

/** Interrupts that hold more than before; numbers are used again, so a number alone tells nothing. */
function newHoldings(
  before: ReadonlyMap<number, Holding>,
  after: ReadonlyMap<number, Holding>,
): { irq: number; lines: number[] }[] {
  return [...after].flatMap(([irq, { managed, ordinary, lines }]) => {
    const was = before.get(irq);
    return managed > (was?.managed ?? 0) || ordinary > (was?.ordinary ?? 0) ? [{ irq, lines }] : [];
  });
}

function impossible({ trace }: LeakFacts): Finding[] {
  const found = trace?.summary.impossible;
  if (!trace || !found) return [];
  const rule = found.departures[0]!.rule;
  const what = found.departures.map((d) => `${d.field}=${d.got}, where the model allows ${d.allowed}`);
  return [
    {
      id: 'impossible-event',
      severity: 'error',
      title: `The kernel cannot have produced line ${found.line} of its trace of the vectors`,
      text: `${what.join('; ')}. ${vectorRules[rule]}.`,
      evidence: [trace.at(found.line)],
      rule,
    },
  ];
}
