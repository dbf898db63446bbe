/** One host with a gdb stub and the trace of its vectors since boot, booted from an inline lab. */
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { matrixProbesWord } from '../../src/evidence/ftrace/probes.ts';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import type { VariantContext } from '../../src/run/context.ts';
import { launchFiles } from '../../src/run/launch-files.ts';
import { runVariant } from '../../src/run/variant.ts';

export interface MatrixHost {
  kernel: string;
  cpus: number;
  words?: string[];
  /** Boots the compressed kernel, which puts itself at a random address; the uncompressed one cannot. */
  randomAddress?: boolean;
}

/** Boots it, does `work`, and takes it down. */
export async function onMatrixHost(
  { kernel, cpus, words = [], randomAddress = false }: MatrixHost,
  work: (ctx: VariantContext, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const cmdline = [
    'trace_event=irq_matrix:*',
    'trace_buf_size=4M',
    'trace_clock=counter',
    matrixProbesWord(cpus),
    ...words,
  ];
  const lab = `
title: a kernel looked into
failure: vm-stopped-by-aer
host:
  cpus: ${cpus}
  memoryMiB: 1024
  interruptRemapping: false
  devices: { nic0: { kind: igb }, disk0: { kind: nvme } }
  cmdline: ${JSON.stringify(cmdline)}
matrix: { kernel: ['${kernel}'] }
variants: { only: { expect: { verdict: clean } } }
`;
  const loaded = loadLab(lab, 'inline.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const planned = makePlan(loaded.lab, { name: 'inline', file: 'inline.yaml' });
  if (!planned.ok) throw new Error(JSON.stringify(planned));
  const variant = planned.plan.variants[0]!;
  variant.phases = variant.phases.slice(0, 1);
  variant.host.spec.gdbStub = true;
  const cache = process.env.VFLAB_CACHE ?? join(homedir(), '.cache/vflab');
  const files = await launchFiles({ cache, onProgress: () => {} }, planned.plan, variant);
  if (randomAddress) files.host.kernel = files.host.kernel.replace(/vmlinux$/, 'vmlinuz');
  const folder = mkdtempSync(join(tmpdir(), 'vflab-matrix-'));
  try {
    let failed: unknown;
    const run = await runVariant({
      plan: variant,
      folder,
      accelerator: { kind: 'tcg', reason: '', cannotShow: [] },
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
    rmSync(folder, { recursive: true, force: true });
  }
}
