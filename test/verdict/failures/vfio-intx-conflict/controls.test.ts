/** Every control of this failure's rules turns its finding red, and none is dressed as another verdict. */
import { expect, test } from 'vitest';
import { findingsOf } from '../../../../src/verdict/types.ts';
import { canMask, conflict, controls } from './controls.ts';

test.each(controls)('$name: $finding, $verdict', ({ run, verdict, finding }) => {
  const found = run().judge();
  expect([found.verdict, found.findings.map(({ id }) => id)]).toEqual([
    verdict,
    expect.arrayContaining([finding]),
  ]);
  if (verdict === 'inconclusive') expect(found.chain).toEqual([]);
});

test('every finding of this failure has a recording or a control that makes it', () => {
  const made = new Set([
    ...controls.map(({ finding }) => finding),
    ...[conflict(), canMask()].flatMap((run) => run.judge().findings.map(({ id }) => id)),
  ]);
  expect(findingsOf['vfio-intx-conflict'].filter((id) => !made.has(id))).toEqual([]);
});
