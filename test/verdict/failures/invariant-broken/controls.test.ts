import { describe, expect, test } from 'vitest';
import { churn, controls } from './controls.ts';

describe('controls', () => {
  test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding }) => {
    const found = run().judge();
    expect([found.verdict, found.findings.map((f) => f.id)]).toEqual([
      verdict,
      expect.arrayContaining([finding]),
    ]);
    if (verdict === 'inconclusive') expect(found.chain).toEqual([]);
  });
});

test('a churn that did no harm: what was done, what became of the interrupts, and the one that was discarded', () => {
  const { reason, findings, chain } = churn().judge();
  expect(reason).toBe(
    'Every guest lives, all traffic works, every invariant held at 19 checks, of 166 interrupts of the host none was lost otherwise than by being discarded (139 handled, 25 coalesced, 1 sent again by the kernel, 1 discarded); ' +
      'but 1 interrupt of the host was discarded while the irq was freed and requested again (vfio-msix[1](0000:01:10.0))',
  );
  const discarded = findings.find(({ id }) => id === 'interrupt-discarded')!;
  expect(discarded.title).toContain('vfio-msix[1](0000:01:10.0)');
  expect(discarded.evidence.map(({ file }) => file)).toEqual([
    'host.qemu-trace',
    'host.vectors',
    'host.vectors',
  ]);
  expect(chain.map(({ text }) => text.split('.')[0])).toEqual([
    'Fault churn (affinity-churn) took effect',
    expect.stringMatching(/^1 interrupt of the host was discarded/),
  ]);
});
