/** Disks whose driver got no interrupt for them. */
import type { Account } from '../../failure.ts';

/** No rule judges such a run yet, and it says so. */
export function virtioBlkProbeFailed(): Account {
  return {
    findings: [
      {
        id: 'evidence-missing',
        severity: 'infrastructure',
        title: 'No rule judges probes of disks yet',
        text: 'The evidence is in the run folder.',
        evidence: [],
        rule: 'RUN-COMPLETE',
      },
    ],
    since: Number.POSITIVE_INFINITY,
    happened: undefined,
    cleanBecause: '',
    cured: false,
    chain: () => [],
  };
}
