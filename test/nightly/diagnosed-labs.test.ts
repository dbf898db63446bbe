/** The labs that `diagnose --lab` writes, booted: each shows what was diagnosed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { diagnosedLab, reports } from '../qemu/diagnosed-lab.ts';

it.each(Object.keys(reports))('%s, on every kernel', async (name) => {
  const { lab, result } = await diagnosedLab(name, '--kernel', 'all');
  expect(readFileSync(lab, 'utf8')).toContain('# Made by vflab diagnose: ');
  // That all end as expected is asked by diagnosedLab(). Without a remedy that is the failure; there has to be one a kernel.
  const bare = result.variants.filter(({ remedy }) => !remedy);
  expect(bare.map(({ id, verdict }) => ({ id, verdict }))).toEqual(
    bare.map(({ id }) => ({ id, verdict: 'reproduced' })),
  );
  expect(bare.length).toBeGreaterThanOrEqual(2);
});
