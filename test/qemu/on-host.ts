/** The host of a lab, booted for a test: the first phases of a variant, then what the test does, then all is undone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan, type PlanRequest } from '../../src/lab/make-plan.ts';
import type { VariantPlan } from '../../src/lab/plan.ts';
import type { VariantContext } from '../../src/run/context.ts';
import { launchFiles } from '../../src/run/launch-files.ts';
import { runVariant } from '../../src/run/variant.ts';

export interface TestHost {
  /** Text of a lab file. */
  lab: string;
  /** Default `inline.yaml`. */
  file?: string;
  selection?: PlanRequest['selection'];
  /** So many phases of the plan are run; default 1, the boot. */
  phases?: number;
  /** Boots the compressed kernel, which puts itself at a random address; the uncompressed one cannot. */
  randomAddress?: boolean;
  /** Changes the plan beforehand. */
  change?: (plan: VariantPlan) => void;
  /** Where the record goes; default: away. */
  folder?: string;
}

/** @throws what `work` throws, or why the host broke */
export async function onHost(
  { lab, file = 'inline.yaml', selection, phases = 1, randomAddress = false, change, folder }: TestHost,
  work: (ctx: VariantContext, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const loaded = loadLab(lab, file);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const request = { name: 'test', file, ...(selection ? { selection } : {}) };
  const planned = makePlan(loaded.lab, request);
  if (!planned.ok) throw new Error(JSON.stringify(planned));
  const plan = planned.plan.variants[0]!;
  plan.phases = plan.phases.slice(0, phases);
  change?.(plan);
  const cache = process.env.VFLAB_CACHE ?? join(homedir(), '.cache/vflab');
  const files = await launchFiles({ cache, onProgress: () => {} }, planned.plan, plan);
  if (randomAddress) files.host.kernel = files.host.kernel.replace(/vmlinux$/, 'vmlinuz');
  const record = folder ?? mkdtempSync(join(tmpdir(), 'vflab-host-'));
  try {
    let failed: unknown;
    const run = await runVariant({
      plan,
      folder: record,
      accelerator: { kind: 'tcg', reason: 'test', cannotShow: [] },
      files,
      signal: new AbortController().signal,
      onPhase: () => {},
      onPhaseEnd: () => {},
      beforeTeardown: async (ctx, signal) => {
        // An assertion that fails is no breakdown of the lab.
        await work(ctx, signal).catch((error) => {
          failed = error;
        });
      },
    });
    if (failed) throw failed;
    if (run.error) throw new Error(`${run.error.code}: ${run.error.message}`);
  } finally {
    if (folder === undefined) rmSync(record, { recursive: true, force: true });
  }
}
