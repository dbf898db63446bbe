/** Disks whose driver gets no interrupt for them, because managed ones have reserved the vectors away. */
import type { RunFacts } from '../../facts.ts';
import type { Account } from '../../failure.ts';
import { disksAccount } from './account.ts';
import { causalChain } from './chain.ts';
import { type DisksFacts, disksFacts } from './facts.ts';
import { evidenceFindings } from './findings/evidence.ts';
import { matrixFindings, refusalsOf } from './findings/matrix.ts';
import { predictionFindings } from './findings/prediction.ts';
import { failedDisks, probeFindings } from './findings/probes.ts';
import { remedyFindings } from './remedy.ts';
import { span } from './words.ts';

export function virtioBlkProbeFailed(run: RunFacts): Account {
  const facts = disksFacts(run);
  const { after } = facts;
  const last = facts.remedied ?? after;
  const account = disksAccount(facts);
  return {
    findings: [
      ...evidenceFindings(facts),
      ...probeFindings(facts),
      ...matrixFindings(facts),
      ...predictionFindings(facts),
      ...remedyFindings(facts),
    ],
    since: facts.before?.t ?? 0,
    happened: happened(facts),
    cleanBecause: `All ${after?.disks.length ?? 0} disks have a driver and can be read`,
    cured: (last?.disks ?? []).every((disk) => disk.rung !== 'none'),
    chain: () => causalChain(facts),
    ...(account ? { disks: account } : {}),
  };
}

/** By three signs: the kernel's words, no driver, and a refusal of the matrix (or a matrix with nothing left). */
function happened(facts: DisksFacts): string | undefined {
  const { after } = facts;
  const disks = after ? failedDisks(after).filter((disk) => [-28, -16].includes(disk.failure!.errno)) : [];
  const exhausted = refusalsOf(facts).length > 0 || after?.matrix?.globalAvailable === 0;
  if (!after || disks.length === 0 || !exhausted) return undefined;
  const names = span(disks.map((disk) => disk.name));
  return `${disks.length} of ${after.disks.length} disks were not probed, for want of an interrupt vector: ${names}`;
}
