/** Who is who in a storm, and the numbers in words. */

import type { NobodyCaredFacts, StormFacts } from './facts.ts';
import type { FunctionFacts } from './functions.ts';

/** Those that assert their INTx and may have raised this line: wired to it, or the one that was misrouted onto it. */
export function sourcesOf({ functions }: NobodyCaredFacts, { after, fault }: StormFacts): FunctionFacts[] {
  const irq = after?.irq;
  const mayBe = (fn: FunctionFacts) =>
    fn.irq === irq || (fault.onto !== undefined && fn.name === fault.source);
  const found = functions.sources.filter(mayBe);
  // A user of the line that waits for a poll asserts too; one without a driver is never answered.
  const orphans = found.filter(({ driver }) => driver === undefined);
  const elsewhere = found.filter((fn) => fn.irq !== irq);
  if (elsewhere.length > 0) return elsewhere;
  return orphans.length > 0 ? orphans : found;
}

/** Those that have a handler on the line, and did not raise it. */
export function innocents(facts: NobodyCaredFacts, storm: StormFacts): FunctionFacts[] {
  const guilty = new Set(sourcesOf(facts, storm).map(({ bdf }) => bdf));
  return facts.functions.on(storm.after?.irq ?? -1).filter(({ bdf }) => !guilty.has(bdf));
}

export function isMisrouted({ irq }: FunctionFacts, line: number): boolean {
  return irq !== line;
}

export function isThreaded({ after }: StormFacts): boolean {
  return (after?.returned.wake ?? 0) > 0;
}

/** `100011 times “not mine”, 12 times “handled”` */
export function answersText({ after }: StormFacts): string {
  const { none, handled, wake } = after?.returned ?? { none: 0, handled: 0, wake: 0 };
  const said = [
    ...(none > 0 ? [`${none} times “not mine”`] : []),
    ...(handled > 0 ? [`${handled} times “handled”`] : []),
    ...(wake > 0 ? [`${wake} times “my thread will see”`] : []),
  ];
  return said.length > 0 ? `the handlers said ${said.join(', ')}` : 'no handler was called';
}

/** `a, b and c` */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
