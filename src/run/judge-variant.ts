/** The stored evidence of a variant → its verdict, and with what the runner knows, its result. */
import type { VariantPlan } from '../lab/plan.ts';
import type { VariantResult } from '../report/result.ts';
import { judge } from '../verdict/judge.ts';
import { evidenceReader } from './evidence-reader.ts';
import type { VariantRun } from './variant.ts';

export function judgeVariant(
  plan: VariantPlan,
  repetition: number,
  folder: string,
  run: VariantRun,
): VariantResult {
  const verdict = judge({ plan, files: evidenceReader(folder) });
  const { id, axes, failure, expect, remedy } = plan;
  return {
    ...{ id, axes, repetition, failure, expect, folder },
    verdict: verdict.verdict,
    reason: verdict.reason,
    asExpected: verdict.asExpected,
    mismatches: verdict.differences,
    findings: verdict.findings,
    chain: verdict.chain.map(({ text, evidence, seen }) => ({ text, evidence, inferred: !seen })),
    ...(verdict.disks ? { disks: verdict.disks } : {}),
    ...(verdict.race && plan.race?.order.from === 'explorer'
      ? {
          race: { ...verdict.race, forced: { cure: plan.race.order.cure, problem: plan.race.order.problem } },
        }
      : {}),
    ...(remedy.id === 'none'
      ? {}
      : { remedy: { ...remedy, ...(verdict.remedy ? { effect: verdict.remedy } : {}) } }),
    ...(run.quirksAvoided ? { quirksAvoided: run.quirksAvoided } : {}),
    ...(run.error ? { error: run.error } : {}),
    durationMs: run.durationMs,
    phases: run.phases,
  };
}
