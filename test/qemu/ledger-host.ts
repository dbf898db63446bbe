/** One real host that keeps a ledger, for the tests of it: boots, does what the test says, stops, keeps its files. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { VariantPlan } from '../../src/lab/plan.ts';
import { collect } from '../../src/run/actions/collect.ts';
import { onHost } from './on-host.ts';

export interface LedgerHost {
  /** A shell command in the host; throws unless it succeeds. */
  sh(command: string): Promise<string>;
  /** Ends a chapter: @returns a folder with the traces up to now, as `vflab ledger` takes it. */
  chapter(name: string): Promise<string>;
}

/** An igb, an nvme disk, an edu device, two CPUs. */
export async function withLedgerHost(
  host: { kernel: string; remapping: boolean; title: string },
  test: (host: LedgerHost) => Promise<void>,
): Promise<void> {
  const lab = `
title: ${host.title}
failure: vm-stopped-by-aer
host:
  cpus: 2
  memoryMiB: 1024
  interruptRemapping: ${host.remapping}
  ledger: true
  # Else the kernel keeps the registers of a bound device to its driver.
  cmdline: [iomem=relaxed]
  devices:
    nic0: { kind: igb }
    disk0: { kind: nvme }
# Never booted: it brings QEMU into the host, for a device that is passed through.
guests: { vm0: {} }
matrix: { kernel: ['${host.kernel}'] }
variants: { only: { expect: { verdict: clean } } }
`;
  const folder = process.env.VFLAB_LEDGER_KEEP ?? mkdtempSync(join(tmpdir(), 'vflab-ledger-'));
  if (!process.env.VFLAB_LEDGER_KEEP) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const change = (plan: VariantPlan) => {
    // No driver of Linux takes it: its line is the test's.
    plan.host.spec.pci.push({ kind: 'edu', id: 'edu0', slot: 0x10 });
  };
  await onHost({ lab, change, folder }, async (ctx, stop) => {
    const { linux } = ctx.host!;
    const sh = (command: string) => linux.must(command, AbortSignal.any([stop, AbortSignal.timeout(60_000)]));
    await test({
      sh,
      async chapter(name) {
        await collect(ctx, stop);
        const to = join(folder, name);
        ctx.record.file(join(name, 'command'), ctx.host!.machine.command.join(' '));
        for (const file of ['host.qemu-trace', 'host.vectors', 'host.dmesg'])
          copyFileSync(join(folder, file), join(to, file));
        return to;
      },
    });
  });
}
