/** Devices came and went, and the host did not get back what they took: something is left, lacking, or hangs. */
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { trafficFindings } from '../../findings/traffic.ts';
import type { ChainStep, Finding, FindingId } from '../../types.ts';
import { leakFacts } from './facts.ts';
import { evidenceFindings, returnedFinding } from './findings/evidence.ts';
import { hangFindings, pressFindings } from './findings/hangs.ts';
import { leakFindings } from './findings/leaks.ts';
import { vectorFindings } from './findings/vectors.ts';

/** In the order of what explains the most. */
const told: readonly [FindingId, (found: readonly Finding[]) => string][] = [
  ['removal-hangs', (found) => `The removal of a device hangs: ${found[0]!.title}`],
  ['unplugged-unasked', () => 'A slot turned off a device that nobody asked it to'],
  ['resource-leaked', (found) => listed(found, 'left behind')],
  ['resource-lost', (found) => listed(found, 'not there any more')],
  ['vectors-leaked', (found) => found[0]!.title],
  ['impossible-event', (found) => found[0]!.title],
];

export function resourcesLeaked(run: RunFacts): Account {
  const facts = leakFacts(run);
  const wrong = [
    ...hangFindings(facts),
    ...pressFindings(facts),
    ...leakFindings(facts),
    ...vectorFindings(facts),
  ];
  const reasons = told.flatMap(([id, say]) => {
    const found = wrong.filter((finding) => finding.id === id);
    return found.length > 0 ? [say(found)] : [];
  });
  return {
    findings: [
      ...evidenceFindings(facts),
      ...wrong,
      ...(wrong.length === 0 ? returnedFinding(facts) : []),
      ...trafficFindings(facts, new Set()),
    ],
    since: facts.faultTime,
    happened: reasons[0],
    cleanBecause:
      'Every device came and went as asked, and its vectors, interrupts, groups and addresses came back',
    cured: false,
    chain: steps,
  };
}

function listed(found: readonly Finding[], what: string): string {
  if (found.length === 1) return found[0]!.title;
  return `${found.length} things are ${what}, first: ${found[0]!.title}`;
}

/** What was done to the slots, then what came of it. */
function steps(findings: readonly Finding[]): ChainStep[] {
  const done = findings.filter(({ id }) => id === 'fault-proved');
  const wrong = findings.filter(({ severity }) => severity === 'error');
  return [...done, ...wrong].map(({ title, text, evidence, rule }) => ({
    text: `${title}. ${text}`,
    seen: evidence.length > 0,
    rule,
    evidence,
  }));
}
