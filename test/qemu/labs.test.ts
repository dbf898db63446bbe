/**
 * The labs themselves, each for real: the verdicts, their proof, and the same verdicts again from the record. Each once,
 * and each kernel; every variant on every kernel is for the night (test/nightly/labs.test.ts).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunResult, VariantResult } from '../../src/report/result.ts';
import { LabCli, labs } from './lab-cli.ts';

let cli: LabCli;
beforeEach(() => {
  cli = new LabCli();
});
afterEach(() => cli[Symbol.dispose]());

async function run(lab: string, ...options: string[]): Promise<RunResult> {
  const { exitCode, stdout } = await cli.start(['run', join(labs, `${lab}.yaml`), '--json', ...options])
    .ended;
  const result = JSON.parse(stdout) as RunResult;
  // As text: whoever reads a red CI has nothing else of this run.
  const wrong = result.variants
    .filter((v) => !v.asExpected)
    .map(({ id, reason, mismatches, error }) => JSON.stringify({ id, reason, mismatches, error }));
  expect([...wrong, `exit code ${exitCode}`]).toEqual(['exit code 0']);
  expect(cli.leftovers()).toEqual([]);
  return result;
}

const outcome = ({ axes, verdict, remedy }: VariantResult) =>
  [axes.variant, verdict, ...(remedy ? [remedy.effect] : [])].join(' ');

it('vf-aer-hang: the hang, its cause, and what helps', async () => {
  const some = ['hang', 'reset-vm', 'unplug'].flatMap((variant) => ['--variant', variant]);
  const result = await run('vf-aer-hang', ...some);
  expect(result.variants.map(outcome)).toEqual([
    'hang reproduced',
    'reset-vm reproduced cured',
    'unplug clean prevented',
  ]);
  expect(Object.keys(result.versions)).toEqual(
    expect.arrayContaining(['vflab', 'node', 'qemu', 'kernel 6.12', 'host image for 6.12']),
  );

  const hang = result.variants[0]!;
  expect(hang.chain.filter((step) => step.inferred)).toEqual([]);
  for (const { evidence } of hang.chain) {
    expect(evidence.length).toBeGreaterThan(0);
    for (const { file, line, text } of evidence) {
      const lines = readFileSync(join(hang.folder, file), 'utf8').split('\n');
      expect(lines[line - 1]).toContain(text.replace(/…$/, '').trim().slice(0, 60));
    }
  }
  for (const file of ['result.json', 'junit.xml', 'replay', 'run.json'])
    expect(existsSync(join(result.folder, file))).toBe(true);
  expect(readFileSync(join(result.folder, 'replay'), 'utf8')).toMatch(
    /# 6\.12\+hang: vm0 \(inside the host\)/,
  );

  const again = await cli.start(['verdict', result.folder, '--json']).ended;
  expect(again.exitCode).toBe(0);
  const { variants } = JSON.parse(again.stdout) as RunResult;
  const judged = (v: VariantResult) => ({
    id: v.id,
    verdict: v.verdict,
    findings: v.findings,
    chain: v.chain,
  });
  expect(variants.map(judged)).toEqual(result.variants.map(judged));
});

it('vf-aer-hang on the older kernel', async () => {
  const result = await run('vf-aer-hang', '--kernel', '6.1', '--variant', 'hang');
  expect(result.variants.map(outcome)).toEqual(['hang reproduced']);
});

it('nvme-vf-aer-hang: the second kind of device, with real I/O', async () => {
  const result = await run('nvme-vf-aer-hang', '--variant', 'reset-vm');
  expect(result.variants.map(outcome)).toEqual(['reset-vm reproduced cured']);
});

it('vf-aer-pf-stall: a VF of the host and one of the guest, and a PF that stalls', async () => {
  const result = await run('vf-aer-pf-stall', '--variant', 'stall');
  const ids = result.variants[0]!.findings.map((finding) => finding.id);
  expect(ids).toEqual(expect.arrayContaining(['vm-stopped-by-aer', 'pf-recovered', 'pf-broken']));
});

describe('virtio-blk-probe-failure', () => {
  const lab = 'virtio-blk-probe-failure';
  it('6.12: the failure, and disks that give their vectors back', async () => {
    const result = await run(lab, '--variant', 'unplug');
    expect(result.variants.map(outcome)).toEqual(['unplug reproduced cured']);
  });

  it('5.10, disks plugged in without an INTx line: the timer has the interrupt that they ask for', async () => {
    const result = await run(lab, '--variant', 'pinless', '--kernel', '5.10');
    expect(result.variants.map(outcome)).toEqual(['pinless reproduced']);
    const log = readFileSync(join(result.variants[0]!.folder, 'host.dmesg'), 'utf8');
    expect(log).toMatch(/genirq: Flags mismatch irq 0\. 00000080 \((virtio\d+)\) vs\. 00015a00 \(timer\)/);
    expect(log).toMatch(/virtio_blk: probe of virtio\d+ failed with error -16/);
  });
});

it('hotplug-storm: what comes and goes at random leaves nothing', async () => {
  const result = await run('hotplug-storm', '--variant', 'storm', '--seed', '1');
  expect(result.variants.map(outcome)).toEqual(['storm clean']);
});

it('msix-affinity-churn: half a minute of it, every interrupt accounted for', async () => {
  const result = await run('msix-affinity-churn', '--variant', 'one-cpu-host', '--seed', '7');
  expect(result.seed).toBe(7);
  const [variant] = result.variants;
  const { measured } = recordedProof(variant!.folder);
  // Each mask and each unmask of a vector is a switch of its trigger, and each switch requests the interrupt anew.
  expect(measured.triggerSwitches).toBeGreaterThan(20);
  expect(measured.irqRequests).toBe(measured.triggerSwitches);
  expect(Math.abs(measured.masks! - measured.unmasks!)).toBeLessThanOrEqual(3);
  expect(variant!.reason).toMatch(/of \d+ interrupts of the host none was lost/);
});

function recordedProof(folder: string): { measured: Record<string, number> } {
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n');
  return JSON.parse(
    lines.find((line) => line.includes('"kind":"proof"') && line.includes('"stage":"injected"'))!,
  );
}

describe('vfio-intx-conflict', () => {
  const lab = 'vfio-intx-conflict';
  it('6.1: the second VM is refused the line, and the model foretold it', async () => {
    const result = await run(lab, '--variant', 'conflict', '--kernel', '6.1');
    const [conflict] = result.variants;
    expect(outcome(conflict!)).toBe('conflict reproduced');
    const ids = conflict!.findings.map((finding) => finding.id);
    expect(ids).toEqual(expect.arrayContaining(['vfio-intx-conflict', 'prediction-kept', 'intx-masking']));
    const words = readFileSync(join(conflict!.folder, 'vm1.stderr'), 'utf8');
    expect(words).toContain('Failed to set up TRIGGER eventfd signaling for interrupt INTX-0');
  });
});

it('two devices, one without VFs: each is prepared in its own place', async () => {
  const lab = cli.lab(
    'two',
    `
title: a NIC with a VF, a disk without
failure: vm-stopped-by-aer
host:
  memoryMiB: 1024
  devices:
    disk0: { kind: nvme }
    nic0: { kind: igb, vfs: [{ driver: igbvf }] }
variants: { only: { expect: { verdict: clean } } }
`,
  );
  await cli.start(['run', lab]).ended;
  // Without a fault there is no verdict; what counts is that all of it was carried out.
  const [variant] = cli.result().variants;
  expect(variant!.error).toBeUndefined();
  expect(variant!.findings.map((finding) => finding.id)).not.toContain('traffic-lost');
});

describe('boot-interrupt-storm', () => {
  const lab = 'boot-interrupt-storm';
  it('6.12: the line goes off at the interrupt foretold, and the disk on it crawls', async () => {
    const result = await run(lab, '--variant', 'storm');
    expect(result.variants.map(outcome)).toEqual(['storm reproduced']);
    const ids = result.variants[0]!.findings.map((finding) => finding.id);
    expect(ids).toEqual(expect.arrayContaining(['irq-disabled', 'trip-as-predicted', 'victim-crawls']));
  });
});
