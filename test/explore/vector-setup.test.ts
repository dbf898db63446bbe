/** What the discussion of the race concluded, confirmed or refuted by every interleaving. */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.ts';
import { vectorSetup } from '../../src/model/race/vector-setup/vector-setup.ts';
import { interleaving } from '../../src/report/interleaving.ts';

describe('the vector set-up race', () => {
  it('the shortest overwrite needs one interrupt from before the mask, seen while the vector is shut down', () => {
    const scenario = vectorSetup();
    const { violation } = explore(scenario);
    expect(violation?.kind).toBe('invariant');
    expect(violation?.path.flatMap(({ action }) => (action ? [action.id] : []))).toEqual([
      'raise',
      'mask',
      'synchronize',
      'write-zero',
      'deactivate',
      'enter',
      'activate',
      'write-message',
      'unmask',
      'decide-wipe',
      'wipe',
    ]);
    const lines = interleaving(scenario, violation!.path);
    expect(lines[0]).toMatch(/^CPU0 +device +CPU1$/);
    expect(lines.at(-1)).toContain('vector_irq[] of CPU1: UNUSED');
  });

  it('a device that waits for no acknowledgement loses its last interrupt only', () => {
    const leads = { ...vectorSetup({ locking: true, waitsForAck: false }), invariants: [] };
    expect(explore(leads).violation).toMatchObject({ kind: 'leads-to' });
  });

  it('two devices: the same with and without taking twins for one', () => {
    const scenario = vectorSetup({ devices: 2, raises: 1, locking: true, inject: true });
    const { symmetries, ...plain } = scenario;
    expect(symmetries).toHaveLength(1);
    const [with_, without] = [explore({ ...scenario, leadsTo: [] }), explore({ ...plain, leadsTo: [] })];
    expect(with_).toMatchObject({ complete: true, violation: undefined });
    expect(without).toMatchObject({ complete: true, violation: undefined });
    expect(with_.states).toBeLessThan(without.states);
    const unfixed = vectorSetup({ devices: 2, raises: 1 });
    expect(explore(unfixed).violation?.path.length).toBe(
      explore({ ...unfixed, symmetries: [] }).violation?.path.length,
    );
  });
});
