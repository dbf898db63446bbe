/** Real recordings: the verdict that each lab expects, and a chain whose steps point at lines that exist. */
import { describe, expect, test } from 'vitest';
import { rules } from '../../../../src/verdict/rules.ts';
import { findingIds } from '../../../../src/verdict/types.ts';
import { stored } from '../../stored-run.ts';

describe.each(['6.12', '6.1'])('kernel %s', (kernel) => {
  test('the hang is reproduced and explained', () => {
    const verdict = stored(`hang-${kernel}`).judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true, differences: [] });
    expect(verdict).not.toHaveProperty('remedy');
    expect(verdict.findings.map((f) => f.id)).toEqual([
      'fault-proved',
      'vm-stopped-by-aer',
      'guest-silent',
      'pf-recovered',
    ]);
    const text = verdict.chain.map((step) => `${step.seen ? '' : '(inferred) '}${step.text}`);
    expect(text).toEqual([
      'nic0 (0000:01:00.0) reports a non-fatal error (CmpltAbrt) to its root port rp1 (0000:00:04.0).',
      'The AER core asks every function below the port, whoever caused the error: nic0 (0000:01:00.0) by igb, nic0.vf0 (0000:01:10.0) by vfio-pci.',
      '(inferred) The answers: igb for nic0 (0000:01:00.0) can recover; vfio-pci for nic0.vf0 (0000:01:10.0) can recover.',
      "(inferred) vfio-pci is asked for nic0.vf0 (0000:01:10.0) too, although the error is nic0's, and signals the error eventfd of vm0's QEMU.",
      'QEMU of vm0 learns of an error on nic0.vf0 (0000:01:10.0) and stops the VM: state internal-error.',
      'On the host nic0 (0000:01:00.0) recovers: "device recovery successful".',
      expect.stringMatching(/^vm0's own log ends \d\.\d s before the stop and says nothing/),
    ]);
  });

  test('a reset by the manager cures it', () => {
    const verdict = stored(`reset-vm-${kernel}`).judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', remedy: 'cured', asExpected: true });
    // What the next boot logs is not said by the one that was stopped.
    expect(verdict.findings.map((f) => f.id)).toEqual(
      expect.arrayContaining(['guest-silent', 'guest-restored']),
    );
    expect(verdict.chain.at(-1)?.text).toBe(
      'After a reset QEMU lets vm0 run again; it boots, and its function works.',
    );
  });

  test('unplugging before the error prevents it', () => {
    expect(stored(`unplug-${kernel}`).judge()).toMatchObject({
      verdict: 'clean',
      remedy: 'prevented',
      asExpected: true,
    });
  });

  test('a correctable error does nothing', () => {
    const verdict = stored(`correctable-${kernel}`).judge();
    expect(verdict).toMatchObject({ verdict: 'clean', asExpected: true });
    expect(verdict).not.toHaveProperty('remedy');
    expect(verdict.findings.map((f) => f.id)).toEqual(['fault-proved', 'error-reported-only']);
  });

  test('a fatal error stops the VM too', () => {
    const verdict = stored(`fatal-${kernel}`).judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
    expect(verdict.chain.map((s) => s.text).join('\n')).toContain('recovers, after the link was reset');
  });
});

test('an error that the emulated root port reports of its own stops the VM just the same', () => {
  const verdict = stored('qemu-path-6.12').judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
  expect(verdict.chain[0]?.text).toBe(
    'Root port rp1 (0000:00:04.0) reports a non-fatal error (CmpltAbrt) of its own.',
  );
});

describe('with the trace of the error handlers', () => {
  test('every step of the chain is seen', () => {
    const verdict = stored('nvme-hang-6.12').judge();
    expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
    expect(verdict.chain.filter((step) => !step.seen)).toEqual([]);
    const [, asked, answers, signalled] = verdict.chain;
    expect(asked!.evidence.filter((e) => e.file === 'host.trace')).toHaveLength(3);
    expect(answers!.evidence.filter((e) => e.file === 'host.trace')).toHaveLength(3);
    expect(signalled!.text).toContain('vfio-pci is asked for disk0.vf1 (0000:01:00.2)');
    expect(signalled!.evidence.map((e) => e.file)).toEqual(['host.trace', 'vm0.stderr']);
  });

  test('an nvme VF comes back by a reset too', () => {
    expect(stored('nvme-reset-vm-6.1').judge()).toMatchObject({
      verdict: 'reproduced',
      remedy: 'cured',
      asExpected: true,
    });
  });
});

test('an injection that the emulated device swallowed is no fault', () => {
  const verdict = stored('swallowed-6.12').judge();
  expect(verdict).toMatchObject({ verdict: 'inconclusive', chain: [], asExpected: false });
  expect(verdict.reason).toContain('took no effect');
  expect(verdict.findings.map((f) => f.id)).toEqual(['fault-unproved']);
});

describe('every pointer', () => {
  const names = ['hang', 'reset-vm', 'unplug', 'correctable', 'fatal'].flatMap((n) => [
    `${n}-6.12`,
    `${n}-6.1`,
  ]);
  test.each(names)('%s: leads to the line that it quotes', (name) => {
    const run = stored(name);
    const { findings, chain } = run.judge();
    const evidence = [...findings, ...chain].flatMap((item) => item.evidence);
    expect(evidence.length).toBeGreaterThan(5);
    for (const { file, line, text, t } of evidence) {
      const recorded = run.contents.get(file)!.split('\n')[line - 1]!;
      expect(recorded.trimEnd()).toContain(text.replace(/\s+$/, ''));
      if (t !== undefined) expect(t).toBeGreaterThan(0);
    }
  });

  test.each(names)(
    '%s: steps that are seen have evidence, all ids are known, and lines of a chain are in time',
    (name) => {
      const { findings, chain } = stored(name).judge();
      for (const step of chain) {
        expect(rules).toHaveProperty(step.rule);
        if (step.seen) expect([step.text, step.evidence.length > 0]).toEqual([step.text, true]);
      }
      for (const finding of findings) {
        expect(findingIds).toContain(finding.id);
        expect(rules).toHaveProperty(finding.rule);
        expect(finding.evidence.length).toBeGreaterThan(0);
      }
    },
  );

  test('the stop is dated after the error and before the witnesses', () => {
    const { chain } = stored('hang-6.12').judge();
    const [error, , , , stop] = chain;
    const at = (step: typeof error, file: string) => step!.evidence.find((e) => e.file === file)!;
    const reported = at(error, 'host.serial');
    const told = at(stop, 'vm0.stderr');
    expect(told.t! + told.error!).toBeGreaterThan(reported.t! - reported.error!);
    expect(at(stop, 'vm0.qmp').t! - reported.t!).toBeLessThan(1);
  });
});

test('the same folder, the same verdict', () => {
  expect(stored('hang-6.1').judge()).toEqual(stored('hang-6.1').judge());
});
