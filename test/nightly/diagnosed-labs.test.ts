/** The labs that `diagnose --lab` writes, booted: each shows what was diagnosed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { diagnosedLab, reports } from '../qemu/diagnosed-lab.ts';

it.each(Object.keys(reports))('%s, on every kernel', async (name) => {
  const { lab, result } = await diagnosedLab(name, '--kernel', 'all');
  expect(readFileSync(lab, 'utf8')).toContain('# Made by vflab diagnose: ');
  expect(
    result.variants.map(({ id, verdict, reason, asExpected }) => ({ id, verdict, reason, asExpected })),
  ).toEqual(
    result.variants.map(({ id }) => expect.objectContaining({ id, verdict: 'reproduced', asExpected: true })),
  );
  expect(result.variants.length).toBeGreaterThanOrEqual(2);
});
