import type { Kind, Seen } from './casebook.ts';
import type { Proof } from './types.ts';

/** The facts' lines as proof, the first `most` of them. */
export function prove<K extends Kind>(
  facts: readonly Seen<K>[],
  shows: string | ((fact: Seen<K>) => string),
  most = 2,
): Proof[] {
  // A report quotes its own log: the same fact once more is no more proof.
  const distinct = new Map(facts.toReversed().map((fact) => [keyOf(fact), fact]));
  return [...distinct.values()]
    .toReversed()
    .slice(0, most)
    .map((fact) => ({ ...fact.at, shows: typeof shows === 'string' ? shows : shows(fact) }));
}

function keyOf({ at: _, ...fact }: Seen): string {
  return fact.kind === 'interrupt-row' ? fact.row.irq : JSON.stringify(fact);
}

/** `1 disk`, `3 disks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
