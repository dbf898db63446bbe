import { expect, it } from 'vitest';
import { diagnosedLab } from './diagnosed-lab.ts';

it('the lab of a diagnosis shows what was diagnosed, on the kernel nearest to the report’s', async () => {
  const { result } = await diagnosedLab('vectors exhausted, disks without a pin');
  expect(result.variants.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual(['5.10+exhausted reproduced']);
});
