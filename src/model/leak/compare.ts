/**
 * The leak laws: what a kernel keeps of its devices, counted before hot-plug and after it. What may differ by the
 * kernel's own choice (numbers of interrupts and groups, addresses, names of interfaces) is no part of it.
 */
import type { LeakRule } from './rules.ts';

/** Something countable, by a name that is the same before and after. */
export interface Holding {
  rule: LeakRule;
  /** In words: `handlers nvme0q1 of an interrupt`. */
  what: string;
  count: number;
  /** Where it was counted: a line each, for whoever quotes them. */
  lines: number[];
}

export interface Difference {
  rule: LeakRule;
  what: string;
  before: number;
  after: number;
  /** Of the holdings before, and after. */
  linesBefore: readonly number[];
  linesAfter: readonly number[];
}

/** What there is more of, or less: in the order of `after`, then what is missing there. */
export function compare(before: readonly Holding[], after: readonly Holding[]): Difference[] {
  const was = byName(before);
  const is = byName(after);
  const found: Difference[] = [];
  for (const [key, now] of is) {
    const then = was.get(key);
    if (now.count !== (then?.count ?? 0)) found.push(difference(now, then, now));
  }
  for (const [key, then] of was)
    if (!is.has(key) && then.count > 0) found.push(difference(then, then, undefined));
  return found;
}

function difference(
  { rule, what }: Holding,
  then: Holding | undefined,
  now: Holding | undefined,
): Difference {
  return {
    rule,
    what,
    before: then?.count ?? 0,
    after: now?.count ?? 0,
    linesBefore: then?.lines ?? [],
    linesAfter: now?.lines ?? [],
  };
}

function byName(holdings: readonly Holding[]): Map<string, Holding> {
  const found = new Map<string, Holding>();
  for (const holding of holdings) {
    const key = `${holding.rule} ${holding.what}`;
    const same = found.get(key);
    if (same)
      found.set(key, {
        ...same,
        count: same.count + holding.count,
        lines: [...same.lines, ...holding.lines],
      });
    else found.set(key, holding);
  }
  return found;
}
