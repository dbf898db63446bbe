/** One host with a gdb stub and the trace of its vectors since boot, booted from an inline lab. */
import { matrixProbesWord } from '../../src/evidence/ftrace/probes.ts';
import type { VariantPlan } from '../../src/lab/plan.ts';
import type { VariantContext } from '../../src/run/context.ts';
import { onHost } from './on-host.ts';

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
  const change = (plan: VariantPlan) => {
    plan.host.spec.gdbStub = true;
  };
  await onHost({ lab, randomAddress, change }, work);
}
