/** Real recordings of machines with many virtio-blk disks: verdict, chain, account, and pointers that lead somewhere. */
import { describe, expect, test } from 'vitest';
import { rules } from '../../../../src/verdict/rules.ts';
import { findingsOf } from '../../../../src/verdict/types.ts';
import { stored } from '../../stored-run.ts';

test('vectors run out: some disks share, the last ones fail, and the model foretold each', () => {
  const verdict = stored('virtio-unplug-6.12').judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', remedy: 'cured', asExpected: true });
  expect(verdict.reason).toBe(
    '17 of 176 disks were not probed, for want of an interrupt vector: virtio160 to virtio176',
  );
  expect(verdict.findings.map((f) => f.id)).toEqual([
    'virtio-blk-probe-failed',
    'fallback-shared',
    'vectors-exhausted',
    'slots-returned',
    'prediction-kept',
  ]);
  expect(verdict.chain.filter((step) => !step.seen)).toEqual([]);
  expect(verdict.chain.map((step) => step.text)).toEqual([
    '176 virtio-blk disks with 2 request queues each are probed one by one.',
    'For virtio1 the kernel reserves a managed bit on each of 4 CPUs and takes 1 ordinary bit for its config interrupt: 5 slots, of which 3 are vectors in use.',
    'So global_available falls from 789 to 0 by the first request that is refused, with total_allocated at only 486: in the end 314 slots are reserved where no interrupt runs.',
    'For virtio158 the managed bits are still to be had, but no bit for its config interrupt: irq_matrix_alloc answers -28, and the rung with a vector per queue fails.',
    'virtio158 to virtio159 still get vectors that are not managed, two each, wherever there are some left: no error says so, only the names of the interrupts.',
    'virtio160 gets no vector for its INTx line, irq 22, either: its probe fails with -28 (ENOSPC), as do the probes of 16 more.',
    'After the remedy 156 of 156 disks have a driver, and 156 can be read.',
  ]);
});

test('the account: every slot of every CPU, and who holds it', () => {
  const { disks } = stored('virtio-unplug-6.12').judge();
  const [before, after] = disks!.moments;
  expect(before?.matrix).toMatchObject({ globalAvailable: 789, totalAllocated: 15, source: 'trace' });
  expect(after?.matrix).toMatchObject({
    onlineMaps: 4,
    globalAvailable: 0,
    totalAllocated: 490,
    slotsPerCpu: 201,
    total: { managedIdle: 314, managedRunning: 314, ordinary: 176, free: 0 },
  });
  for (const { managedIdle, managedRunning, ordinary, free } of after!.matrix!.cpus)
    expect(managedIdle + managedRunning + ordinary + free).toBe(201);
  expect(after!.holders).toEqual([
    { names: 'virtio1 to virtio157', disks: 157, rung: 'each', managed: 4, ordinary: 1, vectors: 3 },
    { names: 'virtio158 to virtio159', disks: 2, rung: 'shared', managed: 0, ordinary: 2, vectors: 2 },
    {
      names: 'virtio160 to virtio176',
      disks: 17,
      rung: 'failed -28 (ENOSPC)',
      managed: 0,
      ordinary: 0,
      vectors: 0,
    },
  ]);
  expect(after!.others).toEqual({ managed: 0, ordinary: 15 });
  // What was held before the disks, and what they took.
  expect(15 + 157 * 5 + 2 * 2).toBe(4 * 201);
});

test('without an interrupt line, a kernel without the guard asks for irq 0 and gets -16', () => {
  const verdict = stored('virtio-pinless-5.10').judge();
  expect(verdict).toMatchObject({ verdict: 'reproduced', asExpected: true });
  expect(verdict.findings.map((f) => f.id)).toEqual([
    'virtio-blk-probe-failed',
    'fallback-shared',
    'irq0-conflict',
    'vectors-exhausted',
    'prediction-kept',
  ]);
  const conflict = verdict.findings.find((f) => f.id === 'irq0-conflict');
  expect(conflict?.evidence[0]?.text).toContain(
    'genirq: Flags mismatch irq 0. 00000080 (virtio37) vs. 00015a00 (timer)',
  );
  expect(verdict.chain.at(-2)?.text).toBe(
    'virtio37 has no interrupt line and asks for irq 0, which is the timer’s: its probe fails with -16 (EBUSY), as do the probes of 8 more.',
  );
});

test('the same disks on a kernel with the guard fail with -28', () => {
  const verdict = stored('virtio-pinless-6.1').judge();
  const ids = verdict.findings.map((f) => f.id);
  expect(ids).toEqual(expect.arrayContaining(['guard-enospc', 'prediction-kept']));
  expect(ids).not.toContain('irq0-conflict');
  expect(verdict.chain.at(-2)?.text).toBe(
    'virtio37 has no interrupt line, so there is no INTx to fall back to: its probe fails with -28 (ENOSPC), as do the probes of 8 more.',
  );
});

test('disks that fit: nothing to say but that the model foretold them', () => {
  const verdict = stored('virtio-fits-6.12').judge();
  expect(verdict).toMatchObject({ verdict: 'clean', asExpected: true });
  expect(verdict.findings.map((f) => f.id)).toEqual(['prediction-kept']);
});

test('disks that are taken away give their slots back, and others can be probed again', () => {
  const { disks, findings } = stored('virtio-unplug-6.12').judge();
  const returned = findings.find((f) => f.id === 'slots-returned');
  expect(returned).toMatchObject({
    title: '20 disks taken away gave back 100 slots: virtio1 to virtio20',
    text: 'virtio1 alone gave back 5: 4 managed, one on each possible CPU, and 1 not managed.',
  });
  const lines = returned!.evidence.map(({ text }) => /(vector|irq_matrix)_\w+/.exec(text)?.[0]);
  expect(lines.filter((event) => event === 'irq_matrix_remove_managed').length).toBeGreaterThan(1);
  const after = disks!.moments.at(-1)!;
  expect(after.moment).toBe('after-remedy');
  expect(after.holders.map(({ names, rung }) => [names, rung])).toEqual([
    ['virtio21 to virtio157', 'each'],
    ['virtio158 to virtio159', 'shared'],
    ['virtio160 to virtio176', 'each'],
  ]);
  expect(disks!.outcome).toMatchObject({ disks: 156, working: 156, failed: 0 });
});

describe.each(['pinless-5.10', 'pinless-6.1', 'fits-6.12', 'unplug-6.12'])('%s', (name) => {
  test('every pointer leads to the line that it quotes', () => {
    const run = stored(`virtio-${name}`);
    const { findings, chain } = run.judge();
    const evidence = [...findings, ...chain].flatMap((item) => item.evidence);
    expect(evidence.length).toBeGreaterThan(5);
    for (const { file, line, text } of evidence)
      expect(run.contents.get(file)!.split('\n')[line - 1]).toContain(text.trim());
  });

  test('every finding and every step that is seen has evidence, and a rule that exists', () => {
    const known: readonly string[] = [...findingsOf.any, ...findingsOf['virtio-blk-probe-failed']];
    const { findings, chain } = stored(`virtio-${name}`).judge();
    for (const finding of findings) {
      expect(known).toContain(finding.id);
      expect(finding.evidence.length).toBeGreaterThan(0);
    }
    for (const { rule } of [...findings, ...chain]) expect(rules).toHaveProperty(rule);
  });

  test('the same folder, the same verdict', () => {
    expect(stored(`virtio-${name}`).judge()).toEqual(stored(`virtio-${name}`).judge());
  });
});
