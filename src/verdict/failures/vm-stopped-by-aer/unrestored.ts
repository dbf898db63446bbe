/** What a reset of the bus took from functions whose drivers went on without it. */
import { ofKind } from '../../../evidence/harness.ts';
import { parseLspci } from '../../../evidence/lspci.ts';
import type { ChainStep, Evidence } from '../../types.ts';
import { type AerFacts, label } from './facts.ts';
import type { Report } from './report.ts';

/** MSI-X of a function in the host's lspci listing of a moment; undefined: not on record. */
function msixAt(
  { harness, files }: AerFacts,
  bdf: string,
  moment: string,
): { on: boolean; evidence: Evidence } | undefined {
  const snapshot = ofKind(harness, 'snapshot').findLast(
    (s) => s.machine === 'host' && s.what === 'lspci' && s.moment === moment,
  );
  const content = snapshot && files(snapshot.file);
  const fn = content === undefined ? undefined : parseLspci(content).find((f) => f.bdf === bdf);
  if (!snapshot || !fn?.msix) return undefined;
  const lines = content!.split('\n');
  const line = lines.findIndex((text, i) => i >= fn.line && text.includes('MSI-X: Enable')) + 1;
  const text = `${bdf} ${(lines[line - 1] ?? '').trim()}`.slice(0, 400);
  return {
    on: fn.msix.enabled,
    evidence: { file: snapshot.file, line, text, machine: 'host', t: snapshot.t0 },
  };
}

export function unrestoredSteps(facts: AerFacts, report: Report): ChainStep[] {
  return (report.prediction?.unrestored ?? []).flatMap((fn): ChainStep[] => {
    const [before, after] = ['before-fault', 'after-fault'].map((moment) => msixAt(facts, fn.bdf, moment));
    // Somebody has set it up anew since, or it had none.
    if (after?.on || before?.on === false) return [];
    return [
      {
        text: `The reset took ${label(facts, fn.bdf)} its MSI-X, and ${fn.driver} goes on without: none of its interrupts arrives.`,
        seen: before?.on === true && after?.on === false,
        rule: 'AER-RESTORE',
        evidence: [before, after].flatMap((look) => look?.evidence ?? []),
      },
    ];
  });
}
